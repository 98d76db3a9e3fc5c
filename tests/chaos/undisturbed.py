"""Reference runs without faults: every workload, run in a separate process.

The process is separate because BLAS kernel and threads must equal those of a worker, and they are
set before NumPy is loaded. `python -m tests.chaos.undisturbed FOLDER` runs all workloads and
prints the results as JSON.
"""

import fcntl
import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos.checker import Undisturbed
from tests.chaos.fleet import clean_environment
from tests.chaos.history import EpochFact, read_jobs
from tests.chaos.processes import ROOT
from tests.chaos.work import COUNTS, TINY, WORKS, job_body, make_table
from tests.work.counting import count_undisturbed


def find_undisturbed(folder: Path) -> dict[str, Undisturbed]:
    """Return the result of each workload, computed once per folder."""
    found = folder / "undisturbed.json"
    with (folder / "undisturbed.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not found.exists():
            command = [sys.executable, "-m", "tests.chaos.undisturbed", str(folder)]
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=clean_environment(),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            found.write_text(done.stdout.splitlines()[-1])
    runs = json.loads(found.read_text())
    return {work: _from_json(run) for work, run in runs.items()}


def _from_json(run: dict[str, Any]) -> Undisturbed:
    return Undisturbed(tuple(EpochFact(**fact) for fact in run["losses"]), run["weights"])


def train_all(data: Path) -> dict[str, Undisturbed]:
    """Train all workloads of trainings in this process."""
    from fastapi.testclient import TestClient  # noqa: PLC0415 - only in the separate process

    from service.app import create_app  # noqa: PLC0415
    from store.db.database import Database  # noqa: PLC0415
    from store.db.migrate import upgrade  # noqa: PLC0415
    from store.settings import load_settings  # noqa: PLC0415
    from tests.training import train_waiting_jobs  # noqa: PLC0415

    data.mkdir(parents=True, exist_ok=True)
    settings = load_settings(data_dir=data)
    upgrade(settings.database_url)
    with TestClient(create_app(settings)) as client:
        csv = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets", content=make_table(), headers=csv).json()
        for work in (*WORKS, TINY):
            answer = client.post("/v1/jobs", json=job_body(dataset["id"], work))
            assert answer.status_code == 202, answer.text
    train_waiting_jobs(settings)
    database = Database(settings.database_url)
    jobs = read_jobs(database)
    database.close()
    assert all(job.status == "succeeded" for job in jobs), jobs
    return {job.work: Undisturbed(job.losses, job.weights) for job in jobs}


def count_all() -> dict[str, Undisturbed]:
    """Run all workloads of the tests' own kind in this process."""
    found = {}
    for work, spec in COUNTS.items():
        marks, digest = count_undisturbed(spec)
        found[work] = Undisturbed(tuple(EpochFact(m.mark, m.digest) for m in marks), digest)
    return found


if __name__ == "__main__":
    runs = train_all(Path(sys.argv[1]) / "undisturbed") | count_all()
    print(json.dumps({work: asdict(run) for work, run in runs.items()}))  # noqa: T201
