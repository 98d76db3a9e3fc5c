"""Readiness: the environments of API and workers, and warnings where they differ."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.health import MOST_NAMED, environment_warnings
from store.db.database import Database
from store.environment import environment_fingerprint
from store.settings import Settings, load_settings
from store.workers import announce_worker
from tests.schema import make_schema

HERE = environment_fingerprint()


@pytest.fixture
def ready(settings: Settings) -> Iterator[TestClient]:
    make_schema(settings.database_url)
    with_broker = load_settings(**settings.model_dump() | {"broker_url": "memory://"})
    with TestClient(create_app(with_broker)) as client:
        yield client


def announce(client: TestClient, name: str, environment: dict[str, Any]) -> None:
    database: Database = client.app.state.context.database  # type: ignore[attr-defined]
    with database.writing() as session:
        announce_worker(session, name, environment)


def test_environments_of_api_and_workers_are_shown(ready: TestClient) -> None:
    announce(ready, "w1", HERE)
    body = ready.get("/readyz").json()
    assert body["environment"] == HERE
    assert body["worker_environments"] == {"w1": HERE}
    assert (body["worker_names"], body["warnings"]) == (["w1"], [])


def test_worker_on_another_kernel_is_named_with_what_to_do(ready: TestClient) -> None:
    announce(ready, "w1", HERE)
    announce(ready, "w2", HERE | {"blas_kernel": "Katmai"})
    (warning,) = ready.get("/readyz").json()["warnings"]
    for part in ("blas_kernel", str(HERE["blas_kernel"]), "Katmai", "w2", "OPENBLAS_CORETYPE"):
        assert part in warning
    assert "w1" not in warning


@pytest.mark.parametrize("name", ["numerics", "numpy", "libc", "python", "blas_version"])
def test_other_versions_need_the_same_image(name: str) -> None:
    (warning,) = environment_warnings(HERE, {"w": HERE | {name: "9.9.9"}})
    assert f"environment: {name} is " in warning
    assert "same image" in warning


def test_workers_of_an_earlier_version_are_unknown() -> None:
    (warning,) = environment_warnings(HERE, {"old": None, "new": HERE})
    assert "unknown for worker old, of an earlier version" in warning


def test_many_workers_make_one_short_warning_per_value() -> None:
    workers = {f"w{n}": HERE | {"blas_kernel": "Katmai"} for n in range(500)}
    (warning,) = environment_warnings(HERE, workers)
    assert f"and {500 - MOST_NAMED} more" in warning
    assert len(warning) < 400
