"""Explanations of a job that was killed on the way are those of an undisturbed one."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.cli.service import running
from tests.e2e.test_restart import SWIFT, post_digits
from tests.waiting import wait_for

Json = dict[str, Any]
SPEC: Json = {
    "epochs": 200,
    "network": {
        "layers": [
            {"type": "dense", "units": 24, "l2": 0.001},
            {"type": "batch_normalization"},
            {"type": "dropout", "rate": 0.2},
        ]
    },
    "schedule": {"type": "cosine"},
    "gradient_clip": {"type": "norm", "limit": 1.0},
}
QUESTIONS: dict[str, Json] = {
    "explain": {"units": {"layers.0": [3]}, "max_rows": 4},
    "counterfactual": {"optimizer": {"type": "sgd", "learning_rate": 0.1}},
    "rate_sweep": {"points": 9},
    "gradient_check": {},
    "distributions": {"bins": 20},
}
# Fields that differ between two jobs that trained the same.
OF_THE_JOB = {"job_id", "origin"}


def train_with_kills(data: Path) -> str:
    """Train a job while the whole service is killed twice; return the path of the job."""
    here = run_until_killed(data, None, 30)
    return run_until_killed(data, here, 90)


def run_until_killed(data: Path, here: str | None, epoch: int) -> str:
    """Run the service until the job is beyond an epoch; without a path, post the job first."""
    with running(data, environment=SWIFT) as service:
        client = httpx2.Client(base_url=service.url)
        path = here or str(post_digits(client, **SPEC)["links"]["self"])
        wait_for(lambda: epoch_of(client, path) > epoch, 60, every=0.02)
        client.close()
        service.process.kill()
    return path


def epoch_of(client: httpx2.Client, here: str) -> int:
    epoch: int = client.get(here).json()["progress"]["epoch"]
    return epoch


def ended(client: httpx2.Client, here: str) -> Json:
    wait_for(lambda: client.get(here).json()["is_terminal"], 90, every=0.05)
    job: Json = client.get(here).json()
    return job


def ask(client: httpx2.Client, job: Json, name: str, step: int) -> Json:
    """Return the answer to a question about a step, also if a worker has to reach the step."""
    answer = client.post(job["links"][name], json={"step": step, **QUESTIONS[name]}, timeout=60)
    if answer.status_code == 202:
        here = answer.headers["Location"]
        wait_for(lambda: client.get(here).json()["is_terminal"], 60, every=0.05)
        answer = client.get(client.get(here).json()["links"]["answer"], timeout=60)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert found["exact"] is True
    return {key: value for key, value in found.items() if key not in OF_THE_JOB}


@pytest.mark.rare
def test_a_killed_job_is_explained_like_an_undisturbed_one(tmp_path: Path) -> None:
    here = train_with_kills(tmp_path / "data")
    with (
        running(tmp_path / "data", environment=SWIFT) as service,
        httpx2.Client(base_url=service.url, timeout=60) as client,
    ):
        killed = ended(client, here)
        assert killed["attempt"] >= 3
        other = ended(client, post_digits(client, **SPEC)["links"]["self"])
        assert killed["digest"] == other["digest"]
        last = killed["progress"]["steps"] - 1
        for step in (0, 1, last // 3, last):
            for name in QUESTIONS:
                assert ask(client, killed, name, step) == ask(client, other, name, step)
        check = ask(client, killed, "gradient_check", last // 2)
        assert check["check"]["verdict"] == "passed"
        beyond = client.post(killed["links"]["explain"], json={"step": last + 1})
        assert beyond.status_code == 404
        assert str(last) in beyond.json()["detail"]
        flow = [client.get(job["links"]["diagnostics"]).json() for job in (killed, other)]
        assert flow[0]["data"] == flow[1]["data"]
        replay = client.post(killed["links"]["replay"]).json()
        verdict = ended(client, replay["links"]["self"])
        assert verdict["verdict"]["identical"] is True
        assert service.stop() == 0
