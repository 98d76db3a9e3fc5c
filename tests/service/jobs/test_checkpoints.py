"""Checkpoints over HTTP: the list, and jobs that start from one."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from safetensors.numpy import load

from engine.numerics.version import NUMERICS
from store.settings import Settings
from tests.service.conftest import Upload, problem
from tests.training import ask_before_steps, open_worker_context, train_waiting_jobs
from workers.context import WorkerContext
from workers.slices import run_slice

STILL = {"type": "sgd", "learning_rate": 1e-30}


@pytest.fixture
def worker(settings: Settings) -> Iterator[WorkerContext]:
    worker = open_worker_context(settings.model_copy(update={"checkpoint_seconds": 0.0}))
    yield worker
    worker.database.close()


@pytest.fixture
def cut(client: TestClient, upload: Upload, worker: WorkerContext) -> dict[str, Any]:
    """A job that has been trained for one slice and has not ended."""
    layers = [{"type": "dense", "units": 4}, {"type": "batch_normalization"}]
    body = {
        "dataset_id": upload()["id"],
        "target": "kind",
        "epochs": 1000,
        "network": {"layers": layers},
    }
    job: dict[str, Any] = client.post("/v1/jobs", json=body).json()
    asked = iter(range(20))
    ask_before_steps(worker, lambda: next(asked, None) is None)
    assert run_slice(worker) is True
    return job


def test_kept_checkpoints_are_listed(client: TestClient, cut: dict[str, Any]) -> None:
    found = client.get(cut["links"]["checkpoints"]).json()["data"]
    assert 1 <= len(found) <= 2
    assert [checkpoint["steps"] for checkpoint in found] == sorted(c["steps"] for c in found)
    assert found[-1]["epoch"] > 0
    assert found[-1]["metrics"]["loss"] > 0


def test_a_start_from_a_checkpoint_is_checked_with_its_weights(
    here: TestClient, cut: dict[str, Any]
) -> None:
    source = {"job_id": cut["id"]}
    body = {"dataset_id": cut["spec"]["dataset_id"], "target": "kind", "start_from": source}
    found = here.post("/v1/jobs/validate?checks=true", json=body).json()
    initial, batch, rates = found["checks"]
    assert initial["verdict"] == "not_applicable"
    assert (batch["verdict"], rates["verdict"]) == ("passed", "passed")


def test_a_job_starts_from_a_checkpoint_with_other_settings(
    client: TestClient, settings: Settings, cut: dict[str, Any]
) -> None:
    last = client.get(cut["links"]["checkpoints"]).json()["data"][-1]
    body = {
        "dataset_id": cut["spec"]["dataset_id"],
        "target": "kind",
        "epochs": 1,
        "optimizer": STILL,
        "start_from": {"job_id": cut["id"]},
    }
    second = client.post("/v1/jobs", json=body).json()
    assert second["start_from"]["steps"] == last["steps"]
    client.post(cut["links"]["cancel"])
    train_waiting_jobs(settings)
    second = client.get(second["links"]["self"]).json()
    assert second["status"] == "succeeded", second["error"]
    kept = client.get(f"/v1/models/{second['start_from']['model_id']}").json()
    assert (kept["partial"], kept["lineage"]["job_id"]) == (True, cut["id"])
    assert kept["numerics"] == NUMERICS
    before = load(client.get(kept["links"]["weights"]).content)
    after = load(client.get(second["links"]["weights"]).content)
    np.testing.assert_allclose(
        after["layers.0.weight"], before["layers.0.weight"], rtol=0, atol=1e-12
    )


def test_job_that_has_ended_is_continued_from_its_model_unless_a_checkpoint_is_named(
    client: TestClient, settings: Settings, cut: dict[str, Any]
) -> None:
    steps = client.get(cut["links"]["checkpoints"]).json()["data"][-1]["steps"]
    train = open_worker_context(settings)
    client.post(cut["links"]["cancel"])
    run_slice(train)
    train.database.close()
    ended = client.get(cut["links"]["self"]).json()
    body = {"dataset_id": cut["spec"]["dataset_id"], "target": "kind", "epochs": 1}
    source = {"job_id": cut["id"]}
    posted = client.post("/v1/jobs", json={**body, "start_from": source}).json()
    assert posted["start_from"] == {**source, "model_id": ended["model_id"], "steps": None}
    (found,) = [f for f in posted["findings"] if f["code"] == "starts_from_model"]
    assert (found["level"], found["pointer"]) == ("info", "/start_from/job_id")
    (operation,) = found["fix"]["patch"]
    assert operation == {"op": "add", "path": "/start_from/steps", "value": steps}
    source["steps"] = steps
    other = client.post("/v1/jobs", json={**body, "start_from": source}).json()
    assert other["start_from"]["steps"] == steps
    assert other["start_from"]["model_id"] != ended["model_id"]
    assert "starts_from_model" not in {f["code"] for f in other["findings"]}


def test_a_checkpoint_that_is_not_kept_is_404(client: TestClient, cut: dict[str, Any]) -> None:
    body = {
        "dataset_id": cut["spec"]["dataset_id"],
        "target": "kind",
        "start_from": {"job_id": cut["id"], "steps": 10**6},
    }
    assert "after 1000000 steps" in problem(client.post("/v1/jobs", json=body), 404)["detail"]


@pytest.mark.parametrize(
    "start_from", [{}, {"model_id": "mdl_1", "job_id": "job_1"}, {"model_id": "mdl_1", "steps": 1}]
)
def test_a_start_is_a_model_or_a_checkpoint(
    client: TestClient, cut: dict[str, Any], start_from: dict[str, Any]
) -> None:
    body = {
        "dataset_id": cut["spec"]["dataset_id"],
        "target": "kind",
        "start_from": start_from,
    }
    found = problem(client.post("/v1/jobs", json=body), 422)
    assert found["errors"][0]["pointer"] == "/start_from"


def test_checkpoints_of_an_unknown_job_are_404(client: TestClient) -> None:
    problem(client.get("/v1/jobs/job_1/checkpoints"), 404)
