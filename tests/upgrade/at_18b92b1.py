# mypy: ignore-errors
# ruff: noqa: I001
"""Make the data folder of commit 18b92b1; run by the code of that commit, see README.md.

usage: PYTHON at_18b92b1.py make FOLDER
       PYTHON at_18b92b1.py train DATA JOB_NAME STEPS kill|leave   (called by `make`)
"""

import contextlib
import io
import itertools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from service.app import create_app
from store.blobs import open_blobs
from store.database import Database
from store.schema import upgrade
from store.settings import Settings
from workers import slices
from workers.shutdown import ShutdownFlag

from cases import JOBS, ROWS, TABLE
from environment import describe_environment

# Jobs that are interrupted: number of the step, and how the worker stops.
INTERRUPTED = {
    "killed": (23, "kill"),
    "killed in folds": (31, "kill"),
    "paused": (17, "leave"),
}
LEFT_QUEUED = {"queued", "continued"}


def make(target: Path) -> None:
    """Write the data folder, and the results of the same jobs without interruptions."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder, "data")
        fill(data, is_interrupted=True)
        pack(data, target / "18b92b1.tar.xz")
        undisturbed = Path(folder, "undisturbed")
        fill(undisturbed, is_interrupted=False)
        results = {"environment": describe_environment(), **read_results(undisturbed)}
    text = json.dumps(results, indent=1, sort_keys=True)
    (target / "18b92b1.json").write_text(text + "\n", encoding="utf-8")


def fill(data: Path, *, is_interrupted: bool) -> None:
    """Upload the table and post every job, each trained as far as it is to come."""
    data.mkdir()
    settings = Settings(data_dir=data)
    upgrade(settings.database_url)
    with TestClient(create_app(settings)) as client:
        headers = {"Content-Type": "text/csv"}
        dataset = client.post("/v1/datasets?name=houses", content=TABLE, headers=headers).json()
        for name, spec in JOBS.items():
            body = {"dataset_id": dataset["id"], "name": name, **spec}
            if name == "continued":
                body["start_from"] = {"model_id": find(client, "finished")["model_id"]}
            answer = client.post("/v1/jobs", json=body)
            assert answer.status_code == 202, answer.text
            if is_interrupted and name in INTERRUPTED:
                interrupt(data, name, *INTERRUPTED[name])
            elif not is_interrupted or name not in LEFT_QUEUED:
                train(data)
        if is_interrupted:
            job = find(client, "paused")
            assert client.post(f"/v1/jobs/{job['id']}/pause").json()["status"] == "paused"


def find(client: TestClient, name: str) -> dict[str, Any]:
    return client.get("/v1/jobs", params={"name": name}).json()["data"][0]


def interrupt(data: Path, name: str, steps: int, ending: str) -> None:
    """Train a job in a process that is killed, or leaves, before a step of the training."""
    command = [sys.executable, __file__, "train", data, name, str(steps), ending]
    status = subprocess.run(command, check=False).returncode
    assert status == (-signal.SIGKILL if ending == "kill" else 0), status


def train(data: Path, name: str = "", steps: int = 0, ending: str = "") -> None:
    """Run slices while there are jobs to claim."""
    # Every step has its checkpoint; a lease does not expire while the folder is made.
    settings = Settings(data_dir=data, checkpoint_seconds=0, record_seconds=0, lease_seconds=3600)
    database = Database(settings.database_url)
    shop = slices.Workshop(database, open_blobs(settings), settings, "worker", ShutdownFlag())
    passes = itertools.count(1)

    def at_step(point: str, job_name: str = "") -> None:
        if point == "mid_step" and job_name == name and next(passes) == steps:
            if ending == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            shop.shutdown.set()

    slices.pass_crash_point = at_step
    if ending:
        slices.run_slice(shop)
    else:
        while slices.run_slice(shop):
            pass
    database.close()


def read_results(data: Path) -> dict[str, Any]:
    """Return losses, weights and predictions of every job."""
    with TestClient(create_app(Settings(data_dir=data))) as client:
        found = {}
        for name in JOBS:
            job = find(client, name)
            assert (job["status"], job["exact"]) == ("succeeded", True), job
            losses = client.get(f"/v1/jobs/{job['id']}/losses").json()["data"]
            model = client.get(f"/v1/models/{job['model_id']}").json()
            answer = client.post(f"/v1/models/{job['model_id']}/predict", json={"rows": ROWS})
            found[name] = {
                "losses": [[loss["loss"], loss["validation_loss"]] for loss in losses],
                "weights_sha256": model["weights_sha256"],
                "cross_validation": job["cross_validation"],
                "predictions": answer.json()["data"],
            }
    return {"jobs": found}


def pack(data: Path, path: Path) -> None:
    """Write database and blobs to a compressed archive; the leases have expired."""
    with contextlib.closing(sqlite3.connect(data / "backpropd.sqlite3")) as database:
        database.execute(
            "UPDATE jobs SET lease_expires_at = claimed_at WHERE lease_expires_at IS NOT NULL"
        )
        database.commit()
        database.execute("PRAGMA journal_mode = DELETE")
        database.execute("VACUUM")
    shutil.rmtree(data / "cache", ignore_errors=True)
    with tarfile.open(path, "w:xz", preset=9) as archive:
        for file in sorted(data.rglob("*")):
            if file.is_file():
                entry = tarfile.TarInfo(file.relative_to(data).as_posix())
                content = file.read_bytes()
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]))
    else:
        train(Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), sys.argv[5])
