"""Many concurrent pollers and listeners miss no event and do not slow training.

`./run chaos` measures this with a thousand clients; `./run test` only checks that it works. The
measure for slowing is the worker's share of a processor: on a shared machine, the steps per second
vary by a third even without clients.
"""

import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from store.db.pagination import PageRequest
from store.jobs.events import list_events
from store.jobs.jobs import JobFilter, list_jobs
from store.statuses import TRAINING, JobStatus
from tests.chaos.crowd import ManyClients, many_clients
from tests.chaos.figures import Figures
from tests.chaos.fleet import DatabaseKind, Fleet, fleet
from tests.chaos.processes import Process
from tests.chaos.sizes import find_sizes
from tests.chaos.work import job_body, make_table
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

SIZES = find_sizes()
POLLERS, LISTENERS = (500, 500) if SIZES.is_full else (30, 30)
WINDOW_SECONDS, ARRIVAL_SECONDS = (20.0, 10.0) if SIZES.is_full else (1.0, 0.2)
JOBS = 4
# The clients and the API need a processor, too.
CHILDREN = max(1, min(JOBS, (os.cpu_count() or 1) - 1))
SLOWEST_POLL_SECONDS = 0.5
MOST_SLOWED = 0.10
# The defaults except for shorter slices, so that all jobs are running.
SETTINGS: dict[str, Any] = {
    "heartbeat_seconds": 5,
    "lease_seconds": 20,
    "sweep_seconds": 5,
    "watch_seconds": 0.5,
    "checkpoint_seconds": 10,
    "record_seconds": 0.5,
    "slice_seconds": 1,
}


def post_endless_jobs(ships: Fleet) -> list[str]:
    """Post jobs that train until they are cancelled, and wait until all of them have started."""
    csv = {"Content-Type": "text/csv"}
    with httpx2.Client(base_url=ships.url, timeout=60) as client:
        dataset = client.post("/v1/datasets", content=make_table(), headers=csv).json()["id"]
        body = job_body(dataset, "short epochs", epochs=100_000)
        job_ids = [str(client.post("/v1/jobs", json=body).json()["id"]) for _ in range(JOBS)]
    wait_for(lambda: all(steps > 0 for steps in count_steps(ships).values()))
    return job_ids


def count_steps(ships: Fleet) -> dict[str, int]:
    with ships.database.reading() as session:
        found = list_jobs(
            session, TRAINING, JobFilter(statuses=[JobStatus.RUNNING]), PageRequest(JOBS)
        ).items
    return {job.id: job.steps for job in found}


@dataclass(frozen=True)
class Pace:
    """Progress of training.

    Attributes:
        speed: steps per second of all jobs together.
        share: the worker's share of a processor.
        api_share: the API's share of a processor.
    """

    speed: float
    share: float
    api_share: float


def measure_pace(ships: Fleet, worker: Process, api: Process) -> Pace:
    begin, began = next_record(ships), time.monotonic()
    used = processor_seconds(worker), processor_seconds(api)
    time.sleep(WINDOW_SECONDS)
    steps = next_record(ships) - begin
    elapsed = time.monotonic() - began
    share, api_share = (
        (processor_seconds(process) - before) / elapsed
        for process, before in zip((worker, api), used, strict=True)
    )
    return Pace(steps / elapsed, share, api_share)


def next_record(ships: Fleet) -> int:
    """Wait until steps are recorded next, and return their number."""
    before = sum(count_steps(ships).values())
    wait_for(lambda: sum(count_steps(ships).values()) != before, every=0.02)
    return sum(count_steps(ships).values())


def processor_seconds(process: Process) -> float:
    """Return the processor time used so far by the process and its children."""
    times = [psutil.Process(pid).cpu_times() for pid in process.members()]
    return sum(time.user + time.system for time in times)


def restart_api(ships: Fleet, api_log: list[str]) -> None:
    """Restart the API while all listeners are connected."""
    api = next(process for process in ships.processes if process.name == "api")
    assert api.stop() == 0
    ships.processes.remove(api)
    api_log.append(api.read_log())
    ships.wait_until_ready(ships.start_api())


def cancel(ships: Fleet, job_ids: list[str]) -> None:
    for job_id in job_ids:
        answer = httpx2.post(f"{ships.url}/v1/jobs/{job_id}/cancel", timeout=60)
        assert answer.status_code == 202, answer.text


def list_ids(ships: Fleet, job_id: str) -> list[int]:
    """Return the ids of all events of a job."""
    with ships.database.reading() as session:
        return [event.id for event in list_events(session, job_id, TRAINING, None, 100_000).items]


def check_logs(ships: Fleet, found: ManyClients, job_ids: list[str]) -> None:
    """Check that each listener received every event once and in order, over all connections."""
    whole = {job_id: list_ids(ships, job_id) for job_id in job_ids}
    assert [one.job_id for one in found.received if one.ids != whole[one.job_id]] == []
    assert all(one.connections > 1 for one in found.received)


def test_pollers_and_listeners_miss_nothing_and_do_not_slow_training(
    tmp_path: Path,
    database_kind: DatabaseKind,
    database_url: str | None,
    rng: random.Random,
    figures: Figures,
) -> None:
    logs: list[str] = []
    with fleet(tmp_path, database_kind, database_url=database_url, **SETTINGS) as ships:
        api = ships.start_api()
        worker = ships.start_worker("worker", CHILDREN)
        ships.wait_until_ready()
        job_ids = post_endless_jobs(ships)
        before = measure_pace(ships, worker, api)
        with many_clients(
            ships.ports["api"], job_ids, POLLERS, LISTENERS, ARRIVAL_SECONDS, rng
        ) as found:
            try:
                wait_for(lambda: found.is_connected and len(found.took) > POLLERS / 2)
                beside = measure_pace(ships, worker, api)
                memory = psutil.Process(api.pid).memory_info().rss
                found.is_polling = False
                wait_for(lambda: not found.pollers)
                restart_api(ships, logs)
            finally:
                cancel(ships, job_ids)
        check_logs(ships, found, job_ids)
    assert found.errors == []
    assert "graceful shutdown exceeded" not in logs[0]
    assert "Traceback" not in logs[0]
    figures.jobs = JOBS
    figures.notes = {
        "pollers": POLLERS,
        "listeners": LISTENERS,
        "polls": len(found.took),
        "p99 of polls, ms": round(1000 * found.slowest),
        "events received": sum(len(one.ids) for one in found.received),
        "steps per second before": round(before.speed),
        "steps per second with clients": round(beside.speed),
        "training's share of a processor before, %": round(100 * before.share, 1),
        "training's share of a processor with clients, %": round(100 * beside.share, 1),
        "API's share of a processor with clients, %": round(100 * beside.api_share, 1),
        "memory of the API, MiB": memory >> 20,
    }
    if SIZES.is_full:
        assert found.slowest < SLOWEST_POLL_SECONDS
        assert beside.share > before.share * (1 - MOST_SLOWED)
    figures.passed = True
