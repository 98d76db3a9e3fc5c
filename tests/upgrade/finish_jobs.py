"""Migrate a data folder, resume its paused jobs, train all jobs, and print the results as JSON.

usage: python -m tests.upgrade.finish_jobs DATA [DATABASE_URL]
"""

import json
import sys
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from service.app import create_app
from store.db.migrate import upgrade
from store.environment import environment_fingerprint, gives_equal_bits
from store.settings import Settings, load_settings
from tests.training import train_waiting_jobs
from tests.upgrade.cases import JOBS, ROWS


def finish_jobs(settings: Settings) -> dict[str, Any]:
    """Return the results of every job, by its name."""
    upgrade(settings.database_url)
    with TestClient(create_app(settings)) as client:
        before = {name: find(client, name) for name in JOBS}
        for job in before.values():
            if job["status"] == "paused":
                assert client.post(f"/v1/jobs/{job['id']}/resume").status_code == 202
        train_waiting_jobs(settings)
        return {name: result_of(client, name, job) for name, job in before.items()}


def find(client: TestClient, name: str) -> dict[str, Any]:
    job: dict[str, Any] = client.get("/v1/jobs", params={"name": name}).json()["data"][0]
    return job


def result_of(client: TestClient, name: str, before: dict[str, Any]) -> dict[str, Any]:
    job = find(client, name)
    losses = client.get(f"/v1/jobs/{job['id']}/losses").json()["data"]
    model = client.get(f"/v1/models/{job['model_id']}").json()
    # As at that commit: a column that every row lacks is imputed, and there is no abstention.
    predict = f"/v1/models/{job['model_id']}/predict?missing_columns=impute"
    predictions = client.post(predict, json={"rows": ROWS}).json()["data"]
    for row in predictions:
        row.pop("abstained", None)
    return {
        "status_before": before["status"],
        "status": job["status"],
        "exact": job["exact"],
        "crossed_environments": has_moved(before),
        "results": {
            "losses": [[loss["loss"], loss["validation_loss"]] for loss in losses],
            "weights_sha256": model["weights_sha256"],
            "cross_validation": job["cross_validation"],
            "predictions": predictions,
        },
    }


def has_moved(before: dict[str, Any]) -> bool:
    """Return whether an unfinished job was begun where other bits would have resulted."""
    begun = before["environment"]
    if before["is_terminal"] or begun is None:
        return False
    return not gives_equal_bits(begun, environment_fingerprint())


if __name__ == "__main__":
    data, *urls = sys.argv[1:]
    found = load_settings(data_dir=Path(data), database_url=urls[0] if urls else None)
    print(json.dumps(finish_jobs(found)))  # noqa: T201
