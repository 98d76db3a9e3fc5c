"""The application with computations in this process; those in child processes are few."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.explain.compute_here import ComputeHere


@pytest.fixture
def here(client: TestClient, settings: Settings) -> Iterator[TestClient]:
    """The client of an application that computes in this process."""
    app: Any = client.app
    compute = ComputeHere(settings)
    app.state.context = replace(app.state.context, compute=compute)
    yield client
    compute.stop()
