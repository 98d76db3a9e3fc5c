"""Fixtures: an application within the test's process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.settings import Settings, load_settings
from tests.schema import make_schema


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client
