"""The application with computations in this process; those in child processes are few."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.settings import Settings, load_settings
from tests.schema import make_schema
from tests.service.conftest import IRIS_LIKE
from tests.service.explain.compute_here import ComputeHere
from tests.training import train_waiting_jobs

SMALL: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 4}]},
    "batch_size": 16,
    "epochs": 3,
}


def compute_here(client: TestClient, settings: Settings) -> ComputeHere:
    """Let the application compute in this process."""
    app: Any = client.app
    compute = ComputeHere(settings)
    app.state.context = replace(app.state.context, compute=compute)
    return compute


@pytest.fixture
def here(client: TestClient, settings: Settings) -> Iterator[TestClient]:
    """The client of an application that computes in this process."""
    compute = compute_here(client, settings)
    yield client
    compute.stop()


@dataclass(frozen=True)
class Trained:
    """A trained job of 9 steps in float64, which tests only read."""

    client: TestClient
    job: dict[str, Any]

    def post(self, step: int, about: str = "explain", **body: Any) -> Any:
        """Ask about a step."""
        path = f"/v1/jobs/{self.job['id']}/{about}"
        return self.client.post(path, json={"step": step, **body})

    def explain(self, step: int, **body: Any) -> dict[str, Any]:
        """Return the explanation of a step."""
        answer = self.post(step, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    """A trained job, and the client of an application that computes in this process."""
    settings = load_settings(data_dir=tmp_path_factory.mktemp("trained"))
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        compute = compute_here(client, settings)
        csv = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets", content=IRIS_LIKE, headers=csv).json()["id"]
        body = {"dataset_id": dataset, "target": "kind", "dtype": "float64", **SMALL}
        posted = client.post("/v1/jobs", json=body).json()
        train_waiting_jobs(settings)
        yield Trained(client, client.get(f"/v1/jobs/{posted['id']}").json())
        compute.stop()
