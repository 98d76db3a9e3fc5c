"""Cancel and pause of jobs whose steps, initializers or preparation take long, in a real service.

The seconds from the 202 to the terminal state are logged (`--log-cli-level=INFO`), with the load,
as rows of the tables in docs/reliability.md. Asserted is the processor time that the service's
processes have spent by then: it does not depend on what else the machine does.
"""

import logging
import os
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
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
GROUP_ROWS = 50_000
TABLES = {
    "wide": (60_000, 30),
    "images": (6_000, 784),
    "2 GB": (2_500_000, 100),
    "some wide": (20_000, 30),
    "some images": (2_000, 784),
}


def _dense(*units: int, **options: Any) -> dict[str, Any]:
    layers = [{"type": "dense", "units": count, **options} for count in units]
    return {"network": {"layers": layers}}


CONV = [
    {"type": "conv2d", "filters": 32, "padding": "same"},
    {"type": "conv2d", "filters": 32, "padding": "same"},
    {"type": "max_pooling2d"},
    {"type": "flatten"},
]
NORMALIZED = [
    {"type": "dense", "units": 1024},
    {"type": "batch_normalization"},
    {"type": "dense", "units": 1024},
]
OPTIMIZERS = get_args(OptimizerName)
FULL: dict[str, Any] = {"batch_size": "full", "validation": None}
# The table and the request.
EVERY_OPTIMIZER: dict[str, tuple[str, dict[str, Any]]] = {
    "full batch, 2 × 1024": ("wide", {**FULL, **_dense(1024, 1024)}),
    "2 × 3,000, batches of 2,048 rows": (
        "images",
        {"batch_size": 2048, "validation": None, **_dense(3000, 3000)},
    ),
    "convolution": (
        "images",
        {**FULL, "input_shape": [28, 28, 1], "network": {"layers": CONV}},
    ),
    "batch normalization, 8,192 rows": (
        "wide",
        {"batch_size": 8192, "validation": None, "network": {"layers": NORMALIZED}},
    ),
    "folds": (
        "wide",
        {"batch_size": "full", "validation": {"folds": 3}, **_dense(2048)},
    ),
}
# lbfgs takes full batches only, and no batch normalization.
NOT_LBFGS = ("2 × 3,000, batches of 2,048 rows", "batch normalization, 8,192 rows")
MATRIX = {
    f"{kind}, {name}": (table, {**request, "optimizer": name})
    for kind, (table, request) in EVERY_OPTIMIZER.items()
    for name in OPTIMIZERS
    if name != "lbfgs" or kind not in NOT_LBFGS
}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **MATRIX,
    "full batch, 4 × 1024": ("wide", {**FULL, **_dense(*[1024] * 4)}),
    "validation": ("wide", {"batch_size": 4096, **_dense(1024, 1024)}),
    "preparing 2,500,000 × 100": ("2 GB", {"batch_size": 65_536, **_dense(4)}),
    "orthogonal 5,000²": (
        "some images",
        {"validation": None, **_dense(5000, 5000, initializer="orthogonal")},
    ),
}


@pytest.fixture(scope="module")
def service() -> Iterator[httpx2.Client]:
    with (
        temporary_service(slice_seconds="600") as url,
        httpx2.Client(base_url=url, timeout=600) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def dataset(
    service: httpx2.Client, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], str]:
    """Return the id of a table, which is uploaded when it is first asked for."""
    folder = tmp_path_factory.mktemp("tables")
    return cache(lambda name: _upload(service, folder, *TABLES[name]))


def _upload(service: httpx2.Client, folder: Path, rows: int, columns: int) -> str:
    path = folder / f"{rows}.parquet"
    _write_table(path, rows, [*(f"x{i}" for i in range(columns)), "y"])
    headers = {"Content-Type": "application/vnd.apache.parquet"}
    with path.open("rb") as file:
        answer = service.post("/v1/datasets", content=file, headers=headers)
    path.unlink()
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _write_table(path: Path, rows: int, names: list[str]) -> None:
    """Write random numbers of few different values, which take little in a file."""
    random = np.random.default_rng(0)
    schema = pa.schema([(name, pa.float64()) for name in names])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, GROUP_ROWS):
            count = min(GROUP_ROWS, rows - start)
            columns = np.round(64 * random.standard_normal((len(names), count))) / 64
            writer.write_table(pa.table(list(columns), schema=schema))


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


def _begin(service: httpx2.Client, job_id: str, busy: float = 1.5) -> None:
    """Wait until the job is running, and has kept its process busy for `busy` seconds."""
    wait_for(lambda: _get(service, job_id)["status"] == "running", WAIT_SECONDS, every=0.05)
    spent = Spent()
    wait_for(lambda: spent.seconds >= busy, WAIT_SECONDS)


@pytest.mark.parametrize("name", CASES)
def test_a_cancel_ends_a_job_within_a_second_of_work(
    name: str, service: httpx2.Client, dataset: Callable[[str], str]
) -> None:
    table, request = CASES[name]
    job_id = _post(service, dataset(table), request, epochs=1000)
    _begin(service, job_id)
    _interrupt(service, name, job_id, "cancel", "cancelled")
    assert "stalled" not in _event_types(service, job_id)


def _interrupt(service: httpx2.Client, name: str, job_id: str, command: str, status: str) -> None:
    """Send a command, and wait until it is done, within the work that is allowed."""
    spent, load = Spent(), os.getloadavg()[0]
    assert service.post(f"/v1/jobs/{job_id}/{command}").status_code == 202
    started = time.monotonic()
    wait_for(lambda: _get(service, job_id)["status"] == status, WAIT_SECONDS, every=0.02)
    seconds, work = time.monotonic() - started, spent.seconds
    warned = "slow_interruption" in {one["code"] for one in _get(service, job_id)["findings"]}
    row = f"{seconds:.2f} | {work:.2f} | {load:.0f} | {'yes' if warned else ''} |"
    logger.info("| %s | %s | %s", command, name, row)
    assert work <= MOST_PROCESSOR_SECONDS


def _event_types(service: httpx2.Client, job_id: str) -> set[str]:
    events = service.get(f"/v1/jobs/{job_id}/events", params={"limit": 100}).json()["data"]
    return {event["type"] for event in events}


# Tables of fewer rows for jobs that are to be trained to their end, twice.
SHORTER = {"wide": "some wide", "images": "some images"}


@pytest.mark.parametrize("name", CASES)
def test_a_paused_job_resumes_to_the_same_bits(
    name: str, service: httpx2.Client, dataset: Callable[[str], str]
) -> None:
    table, request = CASES[name]
    # Folds of fewer rows take too little time.
    rows = dataset(table if name.startswith("folds") else SHORTER.get(table, table))
    paused = _post(service, rows, request, epochs=1)
    _begin(service, paused, busy=0.5)
    _interrupt(service, name, paused, "pause", "paused")
    whole = _post(service, rows, request, epochs=1)
    assert service.post(f"/v1/jobs/{paused}/resume").status_code == 202
    one, other = (_wait_for_success(service, job_id) for job_id in (paused, whole))
    assert one["exact"]
    assert "stalled" not in _event_types(service, paused)
    assert one["digest"] == other["digest"]


def _wait_for_success(service: httpx2.Client, job_id: str) -> dict[str, Any]:
    wait_for(lambda: _get(service, job_id)["status"] == "succeeded", WAIT_SECONDS, every=0.2)
    return _get(service, job_id)


def test_a_service_that_stops_does_not_wait_for_an_initializer(tmp_path: Path) -> None:
    """The block ends with an error if the service does not stop in time, and with status 0."""
    _, request = CASES["orthogonal 5,000²"]
    with temporary_service() as url, httpx2.Client(base_url=url, timeout=120) as client:
        job_id = _post(client, _upload(client, tmp_path, 100, 30), request, epochs=1)
        _begin(client, job_id)
        started, spent = time.monotonic(), Spent()
        client.close()
    logger.info("a stop of the service: %.2f s", time.monotonic() - started)
    assert spent.seconds <= MOST_PROCESSOR_SECONDS
