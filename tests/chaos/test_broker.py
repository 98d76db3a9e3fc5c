"""Broker outages (killed, wiped, silent): jobs are accepted meanwhile, and start afterwards."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import httpx2
import pytest

from store.broker import SOCKET_TIMEOUT_SECONDS
from tests.chaos.figures import Figures
from tests.chaos.fleet import DatabaseKind, Fleet, fleet
from tests.chaos.processes import Process
from tests.chaos.proxies import SwallowingProxy
from tests.chaos.sizes import find_sizes
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

Outage = Literal["killed", "wiped", "silent"]

SIZES = find_sizes()
ROUNDS = SIZES.choose(reduced=1, full=17)
LONGEST_SECONDS = 8 if SIZES.is_full else 3
POSTS = 100 if SIZES.is_full else 15
# With few posts and other tests running, the slowest post is not meaningful.
QUANTILE = 0.99 if SIZES.is_full else 0.8
# A request that waited for a silent broker would take its timeout; other work on the machine costs
# less. The figures of full runs show the milliseconds.
MOST_SECONDS_SLOWER = SOCKET_TIMEOUT_SECONDS / 2
START_SECONDS = 10
RECEIVED_BEFORE = 3
CSV = "x,kind\n" + "\n".join(f"{n % 7},{'ab'[n % 2]}" for n in range(40))
# The defaults of an operator: frequent sweeps would hide slow dispatches.
TIMES: dict[str, Any] = {"sweep_seconds": 5, "redispatch_seconds": 2}


class ProxiedService:
    """A service that reaches its broker through a proxy."""

    def __init__(self, ships: Fleet, worker: Process, proxy: SwallowingProxy) -> None:
        self.ships = ships
        self.worker = worker
        self.proxy = proxy
        self.client = httpx2.Client(base_url=ships.url, timeout=30)
        csv = {"Content-Type": "text/csv"}
        dataset = self.client.post("/v1/datasets", content=CSV, headers=csv).json()
        self._job = {"dataset_id": dataset["id"], "target": "kind", "epochs": 1}

    def post(self) -> tuple[list[str], float]:
        """Post jobs; return their ids and the QUANTILE of the request times."""
        ids, took = [], []
        for _ in range(POSTS):
            began = time.monotonic()
            answer = self.client.post("/v1/jobs", json=self._job)
            took.append(time.monotonic() - began)
            assert answer.status_code == 202, answer.text
            ids.append(answer.json()["id"])
        return ids, sorted(took)[int((POSTS - 1) * QUANTILE)]

    def find(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.client.get(f"/v1/jobs/{job_id}").json()
        return job

    def wait_for_ends(self, ids: list[str]) -> list[dict[str, Any]]:
        """Wait until all jobs have succeeded, and return them."""
        for job_id in ids:
            wait_for(lambda job_id=job_id: self.find(job_id)["is_terminal"], 60, every=0.05)  # type: ignore[misc]
        jobs = [self.find(job_id) for job_id in ids]
        assert {job["status"] for job in jobs} == {"succeeded"}
        return jobs

    @contextmanager
    def outage(self, kind: Outage) -> Iterator[None]:
        """Make the broker unavailable within the block, or lose its messages after the block."""
        match kind:
            case "killed":
                self.ships.redis.kill()
                yield
                self.ships.redis.start()
            case "wiped":
                # Messages reach the broker, but are lost before a worker receives them.
                self._signal_worker(signal.SIGSTOP)
                yield
                self.ships.redis.kill()
                self.ships.redis.wipe()
                self.ships.redis.start()
                self._signal_worker(signal.SIGCONT)
            case "silent":
                self.proxy.swallows = True
                yield
                self.proxy.swallows = False

    def _signal_worker(self, number: signal.Signals) -> None:
        for pid in self.worker.members():
            self.worker.send(number, pid)


@contextmanager
def proxied_service(folder: Path, kind: DatabaseKind) -> Iterator[ProxiedService]:
    with (
        fleet(folder, kind, **TIMES) as ships,
        SwallowingProxy(ships.redis.port) as proxy,
    ):
        broker: dict[str, Any] = {"BACKPROPD_BROKER_URL": f"redis://127.0.0.1:{proxy.port}/0"}
        api = ships.start_api(**broker)
        worker = ships.start_worker("worker", **broker)
        ships.wait_until_ready(api, worker)
        found = ProxiedService(ships, worker, proxy)
        try:
            found.wait_for_ends(found.post()[0])
            yield found
        finally:
            found.client.close()


def run_outage(service: ProxiedService, kind: Outage, seconds: float, figures: Figures) -> None:
    """Run one outage and check the request times and start times of jobs."""
    healthy_ids, healthy = service.post()
    service.wait_for_ends(healthy_ids)
    with service.outage(kind):
        ends = time.monotonic() + seconds
        ids, took = service.post()
        time.sleep(max(0.0, ends - time.monotonic()))
    back = datetime.now(UTC)
    assert took < healthy + MOST_SECONDS_SLOWER
    jobs = service.wait_for_ends(ids)
    started = sorted(datetime.fromisoformat(job["started_at"]) for job in jobs)
    # A worker may have received the first messages before the outage; how soon the last jobs
    # start depends on the machine.
    first = (started[RECEIVED_BEFORE] - back).total_seconds()
    assert first <= START_SECONDS
    figures.faults += 1
    figures.jobs += len(ids) + len(healthy_ids)
    measures = {
        "slowest POST before an outage, ms": 1000 * healthy,
        f"slowest POST while {kind}, ms": 1000 * took,
        f"longest until a job starts after {kind}, s": first,
    }
    for name, value in measures.items():
        figures.notes[name] = max(round(value, 2), float(figures.notes.get(name, 0.0)))


def test_jobs_are_accepted_and_start_once_the_broker_is_back(
    tmp_path: Path, database_kind: DatabaseKind, rng: random.Random, figures: Figures
) -> None:
    with proxied_service(tmp_path, database_kind) as service:
        for _ in range(ROUNDS):
            for outage in get_args(Outage):
                run_outage(service, outage, rng.uniform(1, LONGEST_SECONDS), figures)
