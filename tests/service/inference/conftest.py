"""An application with models of every kind of target, trained once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from store.settings import load_settings
from tests.schema import make_schema
from tests.service.inference.tensors import Body
from tests.training import train_waiting_jobs

TABLE = "size;weight;colour;sold on;note;fast;hot\n" + "\n".join(
    f"{n % 7},5;{n * n if n % 9 else -999};{'red' if n % 3 else 'blue'};"
    f"{n % 28 + 1}.0{n % 9 + 1}.2021;lot {n} of {n * 7} {'good' if n % 2 else 'bad'} ones;"
    f"{'true' if n % 2 else 'false'};{'yes' if n % 5 else 'no'}"
    for n in range(60)
)
PIXELS = (
    ",".join([*(f"p{n}" for n in range(4)), "kind"])
    + "\n"
    + "\n".join(f"{n % 5},{n % 7}.5,{n % 3},{n * 3 % 11},{'ab'[n % 2]}" for n in range(60))
)
MIXED = ["size", "weight", "colour", "sold on", "note", "fast"]
HASHED = {"columns": {"note": {"hash_buckets": 8}}}
SPECS: dict[str, tuple[str, dict[str, Any]]] = {
    "classes": (TABLE, {"target": "hot", "features": MIXED, "preprocessing": HASHED}),
    "scores": (PIXELS, {"target": "kind", "loss": "hinge"}),
    "value": (PIXELS, {"target": "p0", "features": ["p1", "p2"], "task": "regression"}),
    "value and std": (
        PIXELS,
        {"target": "p0", "features": ["p1", "p2", "p3"], "task": "regression", "loss": "gaussian"},
    ),
    "values": (PIXELS, {"target": ["p0", "p1"], "task": "regression", "features": ["p2", "p3"]}),
    "labels": (TABLE, {"target": ["fast", "hot"], "features": ["size", "colour"]}),
    "reconstruction": (
        TABLE,
        {
            "target": None,
            "task": "reconstruction",
            "features": MIXED,
            "preprocessing": HASHED,
        },
    ),
    "numbers": (
        PIXELS,
        {"target": None, "task": "reconstruction", "features": ["p0", "p1", "p2", "p3"]},
    ),
    "image": (
        PIXELS,
        {
            "target": "kind",
            "input_shape": [2, 2, 1],
            "network": {"layers": [{"type": "flatten"}, {"type": "dense", "units": 3}]},
        },
    ),
}


@dataclass(frozen=True)
class Served:
    """A client of an application, and model ids by name of the spec."""

    client: TestClient
    models: dict[str, str]

    def infer(self, name: str, body: Body, **headers: str) -> Any:
        """Send an inference request to a model of `SPECS`."""
        return self.client.post(
            f"/v2/models/{self.models[name]}/infer",
            content=body.content,
            headers={"Accept-Encoding": "identity", **body.headers, **headers},
        )

    def predict(self, name: str, rows: list[Any]) -> list[Any]:
        """Return the predictions of the same model for JSON rows."""
        path = f"/v1/models/{self.models[name]}/predict"
        response = self.client.post(path, json={"rows": rows})
        assert response.status_code == 200, response.text
        found: list[Any] = response.json()["data"]
        return found


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    settings = load_settings(data_dir=tmp_path_factory.mktemp("served"), max_body_bytes=200_000)
    make_schema(settings.database_url)
    with TestClient(create_app(settings)) as client:
        jobs = {name: queue_training(client, *spec) for name, spec in SPECS.items()}
        train_waiting_jobs(settings)
        found = {name: client.get(path).json() for name, path in jobs.items()}
        assert {job["status"] for job in found.values()} == {"succeeded"}, found
        yield Served(client, {name: job["model_id"] for name, job in found.items()})


def queue_training(client: httpx2.Client, table: str, spec: dict[str, Any]) -> str:
    """Upload a table and queue a job; return the path of the job."""
    headers = {"Content-Type": "text/csv"}
    dataset = client.post("/v1/datasets?missing=-999", content=table, headers=headers).json()
    body = {"dataset_id": dataset["id"], "epochs": 1, "seed": 1, **spec}
    response = client.post("/v1/jobs", json=body)
    assert response.status_code == 202, response.text
    return str(response.json()["links"]["self"])
