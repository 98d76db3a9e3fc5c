"""The service, with a trained network whose steps are drawn."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

LINE_PREFIX = "ready http"
TRAIN_SECONDS = 120


@contextmanager
def running(data: Path) -> Iterator[str]:
    """Run `backpropd up` on a data directory for the duration of a block; yield its address."""
    command = [sys.executable, "-m", "cli", "up", "--port", "0", "--workers", "1"]
    with subprocess.Popen(
        [*command, "--data", str(data)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(LINE_PREFIX):
                raise SystemExit("the service does not start")
            yield line.split()[1]
        finally:
            process.terminate()


def train(url: str, inputs: int, units: tuple[int, ...], classes: int) -> str:
    """Train a dense network on random rows for one epoch; return the job's id."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        dataset = client.post(
            "/v1/datasets", content=table(inputs, classes), headers={"Content-Type": "text/csv"}
        ).raise_for_status()
        spec = {
            "dataset_id": dataset.json()["id"],
            "target": "label",
            "epochs": 1,
            "batch_size": 32,
            "network": {"layers": [{"type": "dense", "units": one} for one in units]},
        }
        job = client.post("/v1/jobs", json=spec).raise_for_status().json()
        return wait(client, job)


def wait(client: httpx2.Client, job: dict[str, Any]) -> str:
    """Wait until a job has ended; return its id."""
    deadline = time.monotonic() + TRAIN_SECONDS
    while time.monotonic() < deadline:
        if client.get(job["links"]["self"], params={"wait": 10}).json()["status"] == "succeeded":
            return str(job["id"])
    raise SystemExit("the job has not succeeded")


def table(inputs: int, classes: int) -> str:
    """A CSV file of 320 random rows, whose classes can be learned."""
    generator = np.random.default_rng(1)
    centers = generator.normal(size=(classes, inputs))
    labels = np.arange(320) % classes
    rows = centers[labels] + generator.normal(size=(len(labels), inputs))
    lines = [",".join([*(f"x{index}" for index in range(inputs)), "label"])]
    for row, label in zip(rows, labels, strict=True):
        lines.append(",".join([*(f"{value:.3f}" for value in row), f"class {label}"]))
    return "\n".join(lines)
