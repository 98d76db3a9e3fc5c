"""Quotas per owner over HTTP: a request beyond one is a 429 and leaves nothing behind."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.blobs.tensors import pack_arrays
from store.settings import Settings, load_settings
from tests.service.conftest import IRIS_LIKE, Upload, problem
from tests.service.models.test_imports import WEIGHTS, XOR
from tests.training import train_waiting_jobs

CSV = {"Content-Type": "text/csv"}
TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
SIZE = len(IRIS_LIKE)
# Size of the column file of IRIS_LIKE, and a limit for one of them.
BLOB, LIMIT = 2_002, 3_500


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, max_unfinished_jobs=2, max_stored_bytes=LIMIT)


def refused(answer: Any) -> None:
    assert problem(answer, 429)["code"] == "limit_reached"
    assert answer.headers["retry-after"] == "10"


def begin(client: TestClient, length: int, content: str = "") -> Any:
    headers = {**TUS, "Upload-Length": str(length)}
    return client.post("/v1/uploads", headers=headers, content=content)


def test_job_beyond_the_limit_is_429_until_another_ends(client: TestClient, upload: Upload) -> None:
    body = {"dataset_id": upload()["id"], "target": "kind"}
    body["network"] = {"layers": []}
    first, second = (client.post("/v1/jobs", json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    refused(client.post("/v1/jobs", json=body))
    refused(client.put("/v1/jobs/by-external-id/a", json=body))
    client.post(first.json()["links"]["cancel"])
    assert client.put("/v1/jobs/by-external-id/a", json=body).status_code == 202
    assert client.put("/v1/jobs/by-external-id/a", json=body).status_code == 200


def test_retry_beyond_the_limit_is_429_until_another_ends(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    body: dict[str, Any] = {"dataset_id": upload()["id"], "target": "kind"}
    body["network"] = {"layers": [], "output": {"activation": "linear"}}
    diverging: dict[str, Any] = {"epochs": 100, "loss": "mean_squared_error"}
    diverging["optimizer"] = {"type": "sgd", "learning_rate": 1000.0}
    failing = client.post("/v1/jobs", json=body | diverging).json()["links"]["self"]
    train_waiting_jobs(settings)
    assert client.get(failing).json()["status"] == "failed"
    first, second = (client.post("/v1/jobs", json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    for start in ("checkpoint", "start"):
        refused(client.post(f"{failing}/retry?from={start}"))
    assert client.get(failing).json()["attempt"] == 1
    # A job that cannot be retried is rejected for that reason, not for the quota.
    problem(client.post(f"{first.json()['links']['self']}/retry"), 409)
    client.post(first.json()["links"]["cancel"])
    assert client.post(f"{failing}/retry").status_code == 202


def test_job_whose_weights_have_no_room_is_429(client: TestClient, upload: Upload) -> None:
    body: dict[str, Any] = {"dataset_id": upload()["id"], "target": "kind"}
    body["network"] = {"layers": [{"type": "dense", "units": 500}]}
    refused(client.post("/v1/jobs", json=body))


def test_dataset_beyond_the_limit_is_429_and_leaves_nothing(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    dataset = upload()
    refused(client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV))
    refused(client.post("/v1/datasets", content=IRIS_LIKE.replace("red", "tan"), headers=CSV))
    assert [one["id"] for one in client.get("/v1/datasets").json()["data"]] == [dataset["id"]]
    assert len(list((settings.data_dir / "blobs").rglob("*.arrow"))) == 1
    client.delete(f"/v1/datasets/{dataset['id']}")
    upload()


def test_model_beyond_the_limit_is_429(client: TestClient) -> None:
    begin(client, LIMIT - 50, "x" * (LIMIT - 50))
    files = {"weights": ("weights.safetensors", pack_arrays(WEIGHTS))}
    refused(client.post("/v1/models", data={"model": json.dumps(XOR)}, files=files))
    assert client.get("/v1/models").json()["data"] == []


def test_uploads_count_as_they_fill(client: TestClient) -> None:
    half = LIMIT // 2 + 1
    locations = [begin(client, half).headers["location"] for _ in range(2)]
    refused(begin(client, LIMIT + 1))
    headers = {**TUS, "Upload-Offset": "0"}
    first, second = (
        client.patch(location, headers=headers, content="x" * half) for location in locations
    )
    assert first.status_code == 204
    refused(second)
    assert client.head(locations[1], headers=TUS).headers["upload-offset"] == "0"
    client.delete(locations[0], headers=TUS)
    assert client.patch(locations[1], headers=headers, content="x" * half).status_code == 204


def test_upload_that_becomes_a_dataset_does_not_count_twice(client: TestClient) -> None:
    answer = begin(client, SIZE, IRIS_LIKE)
    full = begin(client, LIMIT - SIZE - BLOB, "x" * (LIMIT - SIZE - BLOB))
    assert full.status_code == 201
    query = {"upload": answer.json()["id"], "format": "csv"}
    assert client.post("/v1/datasets", params=query).status_code == 201
    refused(begin(client, SIZE + 1))


def test_a_refusal_states_the_limit_and_what_is_used(client: TestClient, upload: Upload) -> None:
    upload()
    found = problem(client.post("/v1/datasets", content=IRIS_LIKE, headers=CSV), 429)
    assert (found["limit"], found["used"]) == (LIMIT, BLOB)
