"""`backpropd demo`: train real digits through the whole service, from upload to predictions."""

import io
import signal
import sys
import time
from types import FrameType
from typing import Any

import httpx2

from cli.demo.digits import TARGET, Digits, read_digits
from cli.demo.output import ProgressPrinter, print_by_hand, print_predictions, show
from cli.demo.temporary_service import temporary_service
from cli.errors import CommandError

GOAL = 0.96
DEADLINE_SECONDS = 120
POLL_SECONDS = 0.05
CONVOLUTION: dict[str, Any] = {"type": "conv2d", "kernel_size": 3, "padding": "same"}
JOB: dict[str, Any] = {
    "target": TARGET,
    "task": "classification",
    "preprocessing": {"numeric": "min_max"},
    "network": {
        "layers": [
            {"type": "reshape", "shape": [8, 8, 1]},
            {**CONVOLUTION, "filters": 16},
            {"type": "max_pooling2d"},
            {**CONVOLUTION, "filters": 32},
            {"type": "flatten"},
            {"type": "dropout", "rate": 0.3},
            {"type": "dense", "units": 64},
        ]
    },
    "optimizer": {"type": "adam", "learning_rate": 0.002},
    "schedule": {"type": "cosine"},
    "epochs": 30,
    "batch_size": 32,
    "validation": {"fraction": 0.1},
    "seed": 0,
}


def run_demo() -> int:
    """Train and test on the bundled digits; return exit status 0 if the goal was reached."""
    signal.signal(signal.SIGTERM, _exit)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for terminals without Unicode
    digits = read_digits()
    show(
        "data",
        "handwritten digits of 8 × 8 pixels (UCI, CC BY 4.0; see examples/digits/README.md)",
        f"every fifth row is reserved for testing: {len(digits.kept_rows)} rows;",
        f"the other {digits.training_rows:,} rows are used for training",
    )
    started = time.monotonic()
    # By default losses are stored twice per second; a job this small ends sooner.
    with temporary_service(record_seconds="0.05") as url:
        show("service", f"ready at {url} in {time.monotonic() - started:.1f} s")
        with httpx2.Client(base_url=url, timeout=30) as client:
            accuracy = _train_and_test(client, digits)
    show("stopped", f"service stopped, data deleted, {time.monotonic() - started:.1f} s in total")
    print_by_hand(JOB, digits.kept_rows[0])
    if accuracy < GOAL:
        print(f"\nthe accuracy {accuracy:.4f} is below {GOAL}", file=sys.stderr)
        return 1
    return 0


def _train_and_test(client: httpx2.Client, digits: Digits) -> float:
    dataset = _answer(
        client.post(
            "/v1/datasets", content=digits.training_csv, headers={"Content-Type": "text/csv"}
        )
    )
    columns = len(dataset["columns"])
    show("dataset", f"{dataset['id']}: {dataset['rows']:,} rows, {columns} columns")
    job = _answer(client.post("/v1/jobs", json={"dataset_id": dataset["id"], **JOB}))
    layers = [layer["type"] for layer in JOB["network"]["layers"]]
    network = " → ".join(["64 pixels", *layers, "10 classes"])
    show("job", f"{job['id']}: {network}, {JOB['epochs']} epochs")
    job = _follow(client, job["id"])
    if job["status"] != "succeeded":
        msg = f"the job {job['status']}: {job['error']}"
        raise CommandError(msg)
    show("model", job["model_id"])
    answer = _answer(
        client.post(f"/v1/models/{job['model_id']}/predict", json={"rows": digits.kept_rows})
    )
    return _report(answer["data"], digits)


def _follow(client: httpx2.Client, job_id: str) -> dict[str, Any]:
    """Show the losses until the job has ended; return the ended job."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    seen: int | None = None
    with ProgressPrinter(JOB["epochs"]) as progress:
        while time.monotonic() < deadline:
            # The job is read first: all epochs of an ended job are then among the losses.
            job = _answer(client.get(f"/v1/jobs/{job_id}"))
            page = {"limit": 100} if seen is None else {"limit": 100, "after": seen}
            fresh = _answer(client.get(f"/v1/jobs/{job_id}/losses", params=page))["data"]
            seen = fresh[-1]["epoch"] if fresh else seen
            progress.add(fresh)
            if job["is_terminal"]:
                return job
            time.sleep(POLL_SECONDS)
    msg = f"the job has not ended within {DEADLINE_SECONDS} s"
    raise CommandError(msg)


def _report(predictions: list[dict[str, Any]], digits: Digits) -> float:
    pairs = list(zip(predictions, digits.kept_labels, strict=True))
    right = sum(str(found["label"]) == str(truth) for found, truth in pairs)
    accuracy = right / len(pairs)
    show("test", f"accuracy {accuracy:.4f}: {right} of the {len(pairs)} test rows")
    print_predictions(digits.kept_rows, pairs)
    return accuracy


def _answer(response: httpx2.Response) -> dict[str, Any]:
    if response.is_error:
        msg = f"{response.request.method} {response.request.url}: {response.text}"
        raise CommandError(msg)
    answer: dict[str, Any] = response.json()
    return answer


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(1)
