"""Cost of durability: checkpoints and slices.

    python -m benchmarks.durability

The service runs under `backpropd up`. Checkpoints: the ratio of saving to training time of a job
with default settings. Slices: median time of a job of about one minute, in slices of the default
length and in a single slice, in turn.
"""

import statistics
from typing import Any

import httpx2
import numpy as np

from benchmarks.results import write_results
from cli.demo.temporary_service import temporary_service

ROUNDS = 3
CHECKPOINTED_SECONDS = 40
SLICED_SECONDS = 60
# Inputs, hidden units, batch: the shapes of benchmarks.engine.
SHAPES = {
    "64-64-32-10": (64, (64, 32), 32),
    "784-128-64-10": (784, (128, 64), 128),
    "784-1024-1024-10": (784, (1024, 1024), 256),
}
ROWS = 4096


def main() -> None:
    """Run the benchmark, print the results and save them."""
    found = {"checkpoints": measure_checkpoints(), "slices": measure_slices()}
    for title, numbers in found.items():
        for name, number in numbers.items():
            print(f"{title:<12} {name:<28} {number:10.4f}")
    print(f"written to {write_results('durability', found)}")


def measure_checkpoints() -> dict[str, float]:
    """Return the seconds of saving per second of training, by the network's shape."""
    shares = {}
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=60) as client:
        for name, shape in SHAPES.items():
            job = train(client, shape, max_seconds=CHECKPOINTED_SECONDS, epochs=1_000_000)
            timings = job["timings"]
            shares[f"{name} saving/training"] = timings["saving"] / timings["training"]
    return shares


def measure_slices() -> dict[str, float]:
    """Return the seconds from start to end in slices of 30 s and in one slice, and their ratio."""
    shape = SHAPES["784-128-64-10"]
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=60) as client:
        job = train(client, shape, max_seconds=5, epochs=1_000_000)
    epochs = round(job["progress"]["epoch"] / 5 * SLICED_SECONDS)
    seconds: dict[str, list[float]] = {"30": [], "3600": []}
    for _ in range(ROUNDS):
        for slice_seconds, taken in seconds.items():
            with (
                temporary_service(slice_seconds=slice_seconds) as url,
                httpx2.Client(base_url=url, timeout=60) as client,
            ):
                job = train(client, shape, epochs=epochs)
                taken.append(job["timings"]["whole"])
    sliced, whole = (statistics.median(taken) for taken in seconds.values())
    return {"sliced_seconds": sliced, "whole_seconds": whole, "sliced/whole": sliced / whole}


def train(
    client: httpx2.Client, shape: tuple[int, tuple[int, ...], int], **spec: float
) -> dict[str, Any]:
    """Run a job with a network of this shape; `timings.whole` is from its start to its end."""
    features, hidden, batch = shape
    body = {
        "dataset_id": upload(client, features),
        "target": "kind",
        "network": {"layers": [{"type": "dense", "units": units} for units in hidden]},
        "batch_size": batch,
        "validation": None,
        **spec,
    }
    answer = client.post("/v1/jobs", json=body)
    answer.raise_for_status()
    here = answer.json()["links"]["self"]
    while not (job := client.get(here, params={"wait": 30}).json())["is_terminal"]:
        pass
    if job["status"] != "succeeded":
        raise SystemExit(f"the job {job['status']}: {job['error']}")
    times = [np.datetime64(job[name].rstrip("Z")) for name in ("started_at", "finished_at")]
    job["timings"]["whole"] = float((times[1] - times[0]) / np.timedelta64(1, "s"))
    return dict(job)


def upload(client: httpx2.Client, features: int) -> str:
    """Upload random rows of ten classes and return the dataset's id."""
    random = np.random.default_rng(0)
    x = random.random((ROWS, features), dtype=np.float32)
    lines = [",".join([*(f"x{i}" for i in range(features)), "kind"])]
    lines += [",".join([*map(str, row), f"k{n % 10}"]) for n, row in enumerate(x)]
    headers = {"Content-Type": "text/csv"}
    answer = client.post("/v1/datasets", content="\n".join(lines), headers=headers)
    answer.raise_for_status()
    return str(answer.json()["id"])


if __name__ == "__main__":
    main()
