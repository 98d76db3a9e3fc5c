"""The application over a database, with a worker's slice run in place where a test needs one."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.settings import Settings, load_settings
from tests.schema import make_schema
from tests.training import train_waiting_jobs

IRIS_LIKE = "\n".join(
    ["width,colour,kind"]
    + [
        f"{n % 7 + (n % 2) * 9}.5,{'red' if n % 3 else 'blue'},{'b' if n % 2 else 'a'}"
        for n in range(60)
    ]
)

Upload = Callable[..., dict[str, Any]]
Train = Callable[..., dict[str, Any]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data_dir=tmp_path, max_upload_bytes=100_000, max_body_bytes=50_000)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def upload(client: TestClient) -> Upload:
    """Upload a CSV text and return the dataset."""

    def upload(text: str = IRIS_LIKE) -> dict[str, Any]:
        answer = client.post("/v1/datasets", content=text, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 201, answer.text
        dataset: dict[str, Any] = answer.json()
        return dataset

    return upload


@pytest.fixture
def train(client: TestClient, settings: Settings, upload: Upload) -> Train:
    """Upload a table, train a job in this process and return the ended job."""

    def train(text: str = IRIS_LIKE, **body: Any) -> dict[str, Any]:
        spec = {"target": "kind", "epochs": 2, **body}
        answer = client.post("/v1/jobs", json={"dataset_id": upload(text)["id"], **spec})
        assert answer.status_code == 202, answer.text
        train_waiting_jobs(settings)
        job: dict[str, Any] = client.get(f"/v1/jobs/{answer.json()['id']}").json()
        return job

    return train


def problem(answer: Any, status: int) -> dict[str, Any]:
    """Return the response's problem document after checking its form."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.text)
    assert found["status"] == status
    assert found["code"]
    assert "Traceback" not in answer.text
    return found
