"""Jobs of other kinds of work are not shown by /v1/jobs; unknown kinds are reported by /readyz."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.db.database import Database
from store.jobs.commands import cancel_job
from store.jobs.jobs import JobRecord, NewJob, add_job
from store.settings import Settings, load_settings
from tests.service.conftest import Upload, problem

OTHER = "other"
ROUTES = (
    ("GET", ""),
    ("GET", "/losses"),
    ("GET", "/checkpoints"),
    ("GET", "/weights"),
    ("GET", "/events"),
    ("POST", "/cancel"),
    ("POST", "/pause"),
    ("POST", "/resume"),
    ("POST", "/retry"),
)


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    database = Database(settings.database_url)
    yield database
    database.close()


@pytest.fixture
def dataset_id(upload: Upload) -> str:
    return str(upload()["id"])


@pytest.fixture
def other(database: Database, dataset_id: str) -> JobRecord:
    """A queued job of another kind."""
    with database.writing() as session:
        return add_job(session, NewJob(OTHER, dataset_id, "job", {}, {}, external_id="mine"))


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=["".join(route) for route in ROUTES])
def test_job_of_another_kind_is_404(
    client: TestClient, other: JobRecord, method: str, path: str
) -> None:
    answer = client.request(method, f"/v1/jobs/{other.id}{path}")
    assert problem(answer, 404)["code"] == "not_found"


def test_job_of_another_kind_has_no_event_stream(client: TestClient, other: JobRecord) -> None:
    headers = {"Accept": "text/event-stream"}
    problem(client.get(f"/v1/jobs/{other.id}/events", headers=headers), 404)
    problem(client.get(f"/v1/jobs/{other.id}?wait=5"), 404)


def test_job_of_another_kind_is_no_source_of_weights(
    client: TestClient, other: JobRecord, dataset_id: str
) -> None:
    start_from = {"job_id": other.id}
    body = {"dataset_id": dataset_id, "target": "kind", "start_from": start_from}
    problem(client.post("/v1/jobs", json=body), 404)


def test_lists_and_external_ids_show_trainings_only(
    client: TestClient, other: JobRecord, dataset_id: str
) -> None:
    path = "/v1/jobs/by-external-id/mine"
    problem(client.get(path), 404)
    body: dict[str, Any] = {"dataset_id": dataset_id, "target": "kind", "epochs": 1}
    put = client.put(path, json=body)
    assert put.status_code == 202
    assert client.get(path).json()["id"] == put.json()["id"] != other.id
    for query in ("", "?status=queued", "?name=job", "?external_id=mine"):
        shown = [job["id"] for job in client.get(f"/v1/jobs{query}").json()["data"]]
        assert shown == ([] if "name" in query else [put.json()["id"]])


def test_readiness_warns_of_an_unknown_kind(
    settings: Settings, database: Database, other: JobRecord
) -> None:
    settings = load_settings(**settings.model_dump() | {"broker_url": "memory://"})
    with TestClient(create_app(settings)) as client:
        (warning,) = client.get("/readyz").json()["warnings"]
        assert warning.startswith("1 unfinished job has the kind 'other'")
        with database.writing() as session:
            cancel_job(session, other.id, OTHER)
        assert client.get("/readyz").json()["warnings"] == []
