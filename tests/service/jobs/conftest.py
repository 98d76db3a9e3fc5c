"""Applications that compute in this process."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.explain.conftest import compute_here


@pytest.fixture
def here(client: TestClient, settings: Settings) -> Iterator[TestClient]:
    """The client of an application that computes in this process: a child takes a second."""
    compute = compute_here(client, settings)
    yield client
    compute.stop()
