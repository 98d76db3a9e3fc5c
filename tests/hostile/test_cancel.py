"""Cancel and pause of jobs whose steps, initializers or preparation take long, in a real service.

The seconds from the 202 to the terminal state are logged (`--log-cli-level=INFO`). Asserted is the
processor time that the service's processes have spent by then: it does not depend on what else the
machine does.
"""

import io
import logging
import time
from collections.abc import Iterator
from typing import Any, get_args

import httpx2
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.demo.temporary_service import temporary_service
from engine.specs import OptimizerName
from tests.waiting import wait_for

pytestmark = pytest.mark.rare
logger = logging.getLogger(__name__)

# Processor seconds from the request to the terminal state: half a second until it is seen, a chunk,
# and the partial model; and the requests of the test.
MOST_PROCESSOR_SECONDS = 2.5
WAIT_SECONDS = 240
TABLES = {"wide": (60_000, 30), "images": (6_000, 784), "many columns": (150_000, 100)}


def _dense(*units: int, **options: Any) -> dict[str, Any]:
    layers = [{"type": "dense", "units": count, **options} for count in units]
    return {"network": {"layers": layers}}


_CONV = [
    {"type": "conv2d", "filters": 32, "padding": "same"},
    {"type": "conv2d", "filters": 32, "padding": "same"},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
]
_NORMALIZED = [
    {"type": "dense", "units": 1024},
    {"type": "batch_normalization"},
    {"type": "dense", "units": 1024},
]
FULL: dict[str, Any] = {"batch_size": "full", "validation": None}
OPTIMIZERS = get_args(OptimizerName)
# The table and the request.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{
        f"full batch, 2 × 1024, {name}": (
            "wide",
            {**FULL, **_dense(1024, 1024), "optimizer": name},
        )
        for name in OPTIMIZERS
    },
    "full batch, 4 × 1024": ("wide", {**FULL, **_dense(*[1024] * 4)}),
    "convolution": (
        "images",
        {**FULL, "input_shape": [28, 28, 1], "network": {"layers": _CONV}},
    ),
    "batch normalization, 8,192 rows": (
        "wide",
        {"batch_size": 8192, "validation": None, "network": {"layers": _NORMALIZED}},
    ),
    "validation": ("wide", {"batch_size": 4096, **_dense(1024, 1024)}),
    "folds": (
        "wide",
        {"batch_size": "full", "validation": {"folds": 3}, **_dense(2048)},
    ),
    "preparing 150,000 × 100": ("many columns", {**FULL, **_dense(4)}),
    "orthogonal 5,000²": (
        "wide",
        {"validation": None, **_dense(5000, 5000, initializer="orthogonal")},
    ),
}


@pytest.fixture(scope="module")
def service() -> Iterator[httpx2.Client]:
    with (
        temporary_service(slice_seconds="600") as url,
        httpx2.Client(base_url=url, timeout=120) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def datasets(service: httpx2.Client) -> dict[str, str]:
    return {name: _upload(service, *shape) for name, shape in TABLES.items()}


def _upload(service: httpx2.Client, rows: int, columns: int) -> str:
    random = np.random.default_rng(0)
    named = {f"x{i}": random.standard_normal(rows) for i in range(columns)}
    named["y"] = random.standard_normal(rows)
    file = io.BytesIO()
    pq.write_table(pa.table(named), file)
    headers = {"Content-Type": "application/vnd.apache.parquet"}
    answer = service.post("/v1/datasets", content=file.getvalue(), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _post(service: httpx2.Client, dataset: str, request: dict[str, Any], epochs: int) -> str:
    asked = {"dataset_id": dataset, "target": "y", "task": "regression", "epochs": epochs}
    answer = service.post("/v1/jobs", json={**asked, **request})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def _get(service: httpx2.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = service.get(f"/v1/jobs/{job_id}").json()
    return job


class Spent:
    """Processor seconds of the service's processes since this object was made.

    Those of processes that have ended, and of ones that started later, do not count.
    """

    def __init__(self) -> None:
        self._processes = psutil.Process().children(recursive=True)
        self._before = self._sums()

    def _sums(self) -> list[float | None]:
        return [_processor_seconds(process) for process in self._processes]

    @property
    def seconds(self) -> float:
        pairs = zip(self._before, self._sums(), strict=True)
        return sum(now - before for before, now in pairs if before is not None and now is not None)


def _processor_seconds(process: psutil.Process) -> float | None:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return None
    return float(times.user + times.system)


def _begin(service: httpx2.Client, job_id: str) -> None:
    """Wait until the job is running, and has kept its process busy."""
    wait_for(lambda: _get(service, job_id)["status"] == "running", WAIT_SECONDS)
    spent = Spent()
    wait_for(lambda: spent.seconds >= 1.5, WAIT_SECONDS)


@pytest.mark.parametrize("name", CASES)
def test_a_cancel_ends_a_job_within_a_second_of_work(
    name: str, service: httpx2.Client, datasets: dict[str, str]
) -> None:
    table, request = CASES[name]
    job_id = _post(service, datasets[table], request, epochs=1000)
    _begin(service, job_id)
    _interrupt(service, name, job_id, "cancel", "cancelled")
    assert "stalled" not in _event_types(service, job_id)


def _interrupt(service: httpx2.Client, name: str, job_id: str, command: str, status: str) -> None:
    """Send a command, and wait until it is done, within the work that is allowed."""
    spent = Spent()
    assert service.post(f"/v1/jobs/{job_id}/{command}").status_code == 202
    started = time.monotonic()
    wait_for(lambda: _get(service, job_id)["status"] == status, WAIT_SECONDS)
    seconds = time.monotonic() - started
    work = spent.seconds
    logger.info("%s: %s after %.2f s, with %.2f s of work", name, command, seconds, work)
    assert work <= MOST_PROCESSOR_SECONDS


def _event_types(service: httpx2.Client, job_id: str) -> set[str]:
    events = service.get(f"/v1/jobs/{job_id}/events", params={"limit": 100}).json()["data"]
    return {event["type"] for event in events}


# A pause of a job that is being opened: tests/workers/test_opening.py.
PAUSED = [
    "full batch, 2 × 1024, adam",
    "full batch, 2 × 1024, lbfgs",
    "convolution",
    "batch normalization, 8,192 rows",
    "folds",
]


@pytest.mark.parametrize("name", PAUSED)
def test_a_pause_within_a_step_resumes_to_the_same_bits(
    name: str, service: httpx2.Client, datasets: dict[str, str]
) -> None:
    table, request = CASES[name]
    paused, whole = (_post(service, datasets[table], request, epochs=1) for _ in range(2))
    _begin(service, paused)
    _interrupt(service, name, paused, "pause", "paused")
    assert service.post(f"/v1/jobs/{paused}/resume").status_code == 202
    one, other = (_wait_for_success(service, job_id) for job_id in (paused, whole))
    assert one["exact"]
    assert "stalled" not in _event_types(service, paused)
    assert one["digest"] == other["digest"]


def _wait_for_success(service: httpx2.Client, job_id: str) -> dict[str, Any]:
    wait_for(lambda: _get(service, job_id)["status"] == "succeeded", WAIT_SECONDS)
    return _get(service, job_id)


def test_a_service_that_stops_does_not_wait_for_an_initializer() -> None:
    """The block ends with an error if the service does not stop in time, and with status 0."""
    _, request = CASES["orthogonal 5,000²"]
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=120) as client:
        job_id = _post(client, _upload(client, 100, 30), request, epochs=1)
        _begin(client, job_id)
        started, spent = time.monotonic(), Spent()
        client.close()
    logger.info("a stop of the service: %.2f s", time.monotonic() - started)
    assert spent.seconds <= MOST_PROCESSOR_SECONDS
