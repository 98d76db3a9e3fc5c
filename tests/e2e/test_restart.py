"""Durability across restarts: responses are unchanged, and running jobs continue."""

import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.service import ROOT, clean_environment, running
from tests.waiting import wait_for

# Settings with which an orphaned job resumes within seconds.
SWIFT = clean_environment(
    BACKPROPD_LEASE_SECONDS="2",
    BACKPROPD_HEARTBEAT_SECONDS="0.5",
    BACKPROPD_SWEEP_SECONDS="0.5",
    BACKPROPD_REDISPATCH_SECONDS="1",
    BACKPROPD_CHECKPOINT_SECONDS="0.2",
)
DIGITS = ROOT / "examples" / "digits" / "digits.csv"


def post_digits(client: httpx2.Client, **spec: object) -> dict[str, Any]:
    """Upload the digits and post a job on them; return the job."""
    csv = {"Content-Type": "text/csv"}
    dataset = client.post("/v1/datasets", content=DIGITS.read_bytes(), headers=csv).json()
    body = {"dataset_id": dataset["id"], "target": "label", **spec}
    job: dict[str, Any] = client.post("/v1/jobs", json=body).json()
    return job


def train_digits(client: httpx2.Client, **spec: object) -> dict[str, str]:
    """Upload and train; return the links of the ended job."""
    job = post_digits(client, **spec)
    wait_for(lambda: client.get(job["links"]["self"]).json()["is_terminal"], 60, every=0.05)
    links: dict[str, str] = client.get(job["links"]["self"]).json()["links"]
    return links


def answers(client: httpx2.Client, links: dict[str, str]) -> dict[str, bytes]:
    """Return the raw bodies of all responses about a job and its model."""
    rows = [line.split(",")[:64] for line in DIGITS.read_text().splitlines()[1:101]]
    body = {"rows": [[int(cell) for cell in row] for row in rows]}
    asked = {name: client.get(links[name]) for name in ("self", "dataset", "losses", "model")}
    asked |= {
        wanted: client.get(f"{links['weights']}?format={wanted}")
        for wanted in ("safetensors", "npz", "json")
    }
    asked["predictions"] = client.post(links["predict"], json=body)
    assert {answer.status_code for answer in asked.values()} == {200}
    return {name: answer.content for name, answer in asked.items()}


@pytest.mark.rare
def test_every_response_is_byte_identical_after_a_restart(tmp_path: Path) -> None:
    with running(tmp_path / "data") as service, httpx2.Client(base_url=service.url) as client:
        links = train_digits(client, epochs=8)
        before = answers(client, links)
        assert service.stop(signal.SIGINT) == 0
    with running(tmp_path / "data") as service, httpx2.Client(base_url=service.url) as client:
        assert answers(client, links) == before
        assert len(client.get("/v1/jobs").json()["data"]) == 1
        assert service.stop() == 0


def test_running_job_resumes_after_the_whole_service_is_killed(tmp_path: Path) -> None:
    with running(tmp_path / "data", environment=SWIFT) as service:
        client = httpx2.Client(base_url=service.url)
        here = post_digits(client, epochs=300)["links"]["self"]
        wait_for(lambda: client.get(here).json()["progress"]["epoch"] > 20, every=0.05)
        client.close()
        service.process.kill()
    with (
        running(tmp_path / "data", environment=SWIFT) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        wait_for(lambda: client.get(here).json()["is_terminal"], 60, every=0.05)
        job = client.get(here).json()
        losses = client.get(f"{here}/losses").json()["data"]
        assert service.stop() == 0
    assert (job["status"], job["attempt"]) == ("succeeded", 2)
    assert [loss["epoch"] for loss in losses] == list(range(300))
