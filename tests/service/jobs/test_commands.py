"""Pause, resume, cancel and retry over HTTP, with slices run in this process."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from store.settings import Settings
from tests.service.conftest import Upload, problem
from tests.training import ask_before_steps, open_worker_context, train_waiting_jobs
from workers.slices import run_slice

ENDLESS = 1_000_000

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def job(client: TestClient, upload: Upload) -> dict[str, Any]:
    """A job that does not end by itself."""
    body = {"dataset_id": upload()["id"], "target": "kind", "epochs": ENDLESS}
    found: dict[str, Any] = client.post("/v1/jobs", json=body).json()
    return found


@pytest.fixture
def ask(client: TestClient, job: dict[str, Any]) -> Ask:
    """Send a command to the job and return the job."""

    def ask(change: str, **query: str) -> dict[str, Any]:
        answer = client.post(f"/v1/jobs/{job['id']}/{change}", params=query)
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found

    return ask


def run_until(settings: Settings, steps: int, then: Callable[[], object]) -> None:
    """Run a slice and call `then` after `steps` steps."""
    worker = open_worker_context(settings.model_copy(update={"watch_seconds": 0.01}))
    asked = iter(range(steps))

    def at_step() -> bool:
        if next(asked, None) is None:
            then()
        return False

    ask_before_steps(worker, at_step)
    run_slice(worker)
    worker.database.close()


def test_paused_job_resumes_at_its_last_step(
    client: TestClient, settings: Settings, job: dict[str, Any], ask: Ask
) -> None:
    run_until(settings, 20, lambda: ask("pause"))
    paused = client.get(job["links"]["self"]).json()
    assert (paused["status"], paused["status_reason"]) == ("paused", "user")
    assert paused["progress"]["steps"] >= 20
    assert set(paused["links"]) >= {"resume", "cancel"}
    assert "pause" not in paused["links"]
    assert ask("resume")["status"] == "queued"
    run_until(settings, 20, lambda: ask("cancel"))
    ended = client.get(job["links"]["self"]).json()
    assert (ended["status"], ended["attempt"], ended["exact"]) == ("cancelled", 1, True)
    assert ended["progress"]["steps"] > paused["progress"]["steps"]
    assert client.get(ended["links"]["model"]).json()["partial"] is True
    assert [t["status"] for t in ended["transitions"]] == [
        *("queued", "running", "pausing", "paused", "queued", "running"),
        *("cancelling", "cancelled"),
    ]


def test_cancelled_while_paused_leaves_the_weights_so_far(
    client: TestClient, settings: Settings, job: dict[str, Any], ask: Ask
) -> None:
    run_until(settings, 20, lambda: ask("pause"))
    assert ask("cancel")["status"] == "cancelling"
    train_waiting_jobs(settings)
    ended = client.get(job["links"]["self"]).json()
    assert ended["status"] == "cancelled"
    assert client.get(ended["links"]["weights"]).status_code == 200


def test_illegal_transition_is_409_with_the_status(
    client: TestClient, job: dict[str, Any], ask: Ask
) -> None:
    here = f"/v1/jobs/{job['id']}"
    for change in ("resume", "retry"):
        found = problem(client.post(f"{here}/{change}"), 409)
        assert (found["code"], found["job_status"]) == ("illegal_transition", "queued")
    assert ask("cancel")["status"] == "cancelled"
    for change in ("pause", "resume", "retry", "cancel"):
        assert problem(client.post(f"{here}/{change}"), 409)["job_status"] == "cancelled"


@pytest.mark.parametrize("change", ["pause", "resume", "retry", "cancel"])
def test_unknown_job_is_404(client: TestClient, change: str) -> None:
    problem(client.post(f"/v1/jobs/job_1/{change}"), 404)


def test_failed_job_is_tried_again_from_the_start_or_the_checkpoint(
    client: TestClient, settings: Settings, upload: Upload
) -> None:
    body = {
        "dataset_id": upload()["id"],
        "target": "kind",
        "loss": "mean_squared_error",
        "optimizer": {"type": "sgd", "learning_rate": 1000.0},
        "network": {"layers": [], "output": {"activation": "linear"}},
        "epochs": 100,
    }
    here = client.post("/v1/jobs", json=body).json()["links"]["self"]
    train_waiting_jobs(settings)
    failed = client.get(here).json()
    assert (failed["status"], failed["status_reason"]) == ("failed", "diverged")
    again = client.post(f"{here}/retry?from=start").json()
    assert (again["status"], again["attempt"], again["error"]) == ("queued", 2, None)
    assert again["progress"]["steps"] == 0
    train_waiting_jobs(settings)
    # Training is deterministic: it diverges again.
    assert client.get(here).json()["error"] == failed["error"]
    assert client.post(f"{here}/retry").json()["attempt"] == 3
    problem(client.post(f"{here}/retry?from=nowhere"), 422)
