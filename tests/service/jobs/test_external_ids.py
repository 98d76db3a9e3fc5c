"""External ids of jobs over HTTP: idempotent PUT, lookup, conflicts."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import Upload, problem
from tests.training import train_waiting_jobs

HERE = "/v1/jobs/by-external-id/nightly:2026-01-31"


@pytest.fixture
def body(upload: Upload) -> dict[str, Any]:
    return {"dataset_id": upload()["id"], "target": "kind", "epochs": 2}


def count_jobs(client: TestClient) -> int:
    return len(client.get("/v1/jobs").json()["data"])


def test_put_queues_once_and_then_shows_the_job_as_it_is(
    client: TestClient, settings: Settings, body: dict[str, Any]
) -> None:
    first = client.put(HERE, json=body)
    assert first.status_code == 202
    assert first.headers["location"] == f"/v1/jobs/{first.json()['id']}"
    assert first.json()["external_id"] == "nightly:2026-01-31"
    train_waiting_jobs(settings)
    again = client.put(HERE, json={**body, "external_id": "nightly:2026-01-31"})
    assert again.status_code == 200
    assert again.headers["location"] == first.headers["location"]
    assert again.json() == client.get(first.headers["location"]).json()
    assert again.json()["status"] == "succeeded"
    assert count_jobs(client) == 1


def test_another_request_under_the_same_id_is_409(client: TestClient, body: dict[str, Any]) -> None:
    job_id = client.put(HERE, json=body).json()["id"]
    found = problem(client.put(HERE, json={**body, "epochs": 3}), 409)
    assert (found["code"], found["job_id"]) == ("external_id_taken", job_id)


def test_job_that_was_posted_is_the_same_as_one_that_was_put(
    client: TestClient, body: dict[str, Any]
) -> None:
    named = {**body, "external_id": "nightly:2026-01-31"}
    posted = client.post("/v1/jobs", json=named).json()
    assert client.put(HERE, json=body).json() == posted
    found = problem(client.post("/v1/jobs", json=named), 409)
    assert (found["code"], found["job_id"]) == ("external_id_taken", posted["id"])
    assert count_jobs(client) == 1


def test_job_is_found_by_its_external_id(client: TestClient, body: dict[str, Any]) -> None:
    problem(client.get(HERE), 404)
    job = client.put(HERE, json=body).json()
    client.post("/v1/jobs", json=body)
    assert client.get(HERE).json() == job
    found = client.get("/v1/jobs", params={"external_id": "nightly:2026-01-31"}).json()["data"]
    assert found == [{**job, "omitted": []}]


def test_ids_of_address_and_body_must_be_the_same(client: TestClient, body: dict[str, Any]) -> None:
    found = problem(client.put(HERE, json={**body, "external_id": "weekly"}), 422)
    assert [error["pointer"] for error in found["errors"]] == ["/external_id"]
    assert count_jobs(client) == 0


@pytest.mark.parametrize("external_id", ["a b", "x" * 256, "%00", "ü"])
def test_invalid_id_is_422(client: TestClient, body: dict[str, Any], external_id: str) -> None:
    problem(client.put(f"/v1/jobs/by-external-id/{external_id}", json=body), 422)
    problem(client.get(f"/v1/jobs/by-external-id/{external_id}"), 422)


def test_two_puts_at_once_queue_one_job(client: TestClient, body: dict[str, Any]) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: client.put(HERE, json=body), range(8)))
    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [202]
    assert len({answer.json()["id"] for answer in answers}) == 1
