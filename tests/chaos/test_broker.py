"""A broker that is killed, wiped or silent: jobs are taken as ever, and start once it is back."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

import httpx2

from tests.chaos.figures import Figures
from tests.chaos.fleet import DatabaseKind, Fleet, fleet
from tests.chaos.processes import Process
from tests.chaos.proxies import SwallowingProxy
from tests.chaos.sizes import find_sizes
from tests.waiting import wait_for

Outage = Literal["killed", "wiped", "silent"]

SIZES = find_sizes()
ROUNDS = SIZES.choose(reduced=1, full=17)
LONGEST_SECONDS = 8 if SIZES.is_full else 3
POSTS = 100 if SIZES.is_full else 15
# Of few posts beside other tests, the slowest says little.
QUANTILE = 0.99 if SIZES.is_full else 0.8
SLOWER_SECONDS = 0.01
# On a machine that is busy with other things, all is as much slower as they please.
SLOWER_RATIO = 0.5
START_SECONDS = 10
HEARD_BEFORE = 3
CSV = "x,kind\n" + "\n".join(f"{n % 7},{'ab'[n % 2]}" for n in range(40))
# What an operator has by default: nothing may hide behind a swift sweep.
TIMES: dict[str, Any] = {"sweep_seconds": 5, "redispatch_seconds": 2}


class Town:
    """A service whose broker is behind a proxy."""

    def __init__(self, ships: Fleet, worker: Process, proxy: SwallowingProxy) -> None:
        self.ships = ships
        self.worker = worker
        self.proxy = proxy
        self.client = httpx2.Client(base_url=ships.url, timeout=30)
        csv = {"Content-Type": "text/csv"}
        dataset = self.client.post("/v1/datasets", content=CSV, headers=csv).json()
        self._job = {"dataset_id": dataset["id"], "target": "kind", "epochs": 1}

    def post(self) -> tuple[list[str], float]:
        """Post jobs; their ids, and how long the slower of the posts took."""
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
        """The jobs, once all have succeeded."""
        for job_id in ids:
            wait_for(lambda job_id=job_id: self.find(job_id)["is_terminal"], 60, every=0.05)  # type: ignore[misc]
        jobs = [self.find(job_id) for job_id in ids]
        assert {job["status"] for job in jobs} == {"succeeded"}
        return jobs

    @contextmanager
    def outage(self, kind: Outage) -> Iterator[None]:
        """The broker is away, or has lost what it was told, after the block."""
        match kind:
            case "killed":
                self.ships.redis.kill()
                yield
                self.ships.redis.start()
            case "wiped":
                # The rings come to the broker, and no worker hears them before they are lost.
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
def town(folder: Path, kind: DatabaseKind) -> Iterator[Town]:
    with (
        fleet(folder, kind, **TIMES) as ships,
        SwallowingProxy(ships.redis.port) as proxy,
    ):
        broker: dict[str, Any] = {"BACKPROPD_BROKER_URL": f"redis://127.0.0.1:{proxy.port}/0"}
        api = ships.start_api(**broker)
        worker = ships.start_worker("worker", **broker)
        ships.wait_until_ready(api, worker)
        found = Town(ships, worker, proxy)
        try:
            found.wait_for_ends(found.post()[0])
            yield found
        finally:
            found.client.close()


def suffer(here: Town, kind: Outage, seconds: float, figures: Figures) -> None:
    """One outage, and what the issue promises of it."""
    healthy_ids, healthy = here.post()
    here.wait_for_ends(healthy_ids)
    with here.outage(kind):
        ends = time.monotonic() + seconds
        ids, took = here.post()
        time.sleep(max(0.0, ends - time.monotonic()))
    back = datetime.now(UTC)
    assert took <= healthy + max(SLOWER_SECONDS, SLOWER_RATIO * healthy)
    jobs = here.wait_for_ends(ids)
    started = sorted(datetime.fromisoformat(job["started_at"]) for job in jobs)
    # A worker may have heard of the first ones before the outage; how soon the last ones have
    # their turn is a matter of the machine.
    first = (started[HEARD_BEFORE] - back).total_seconds()
    assert first <= START_SECONDS
    figures.faults += 1
    figures.jobs += len(ids) + len(healthy_ids)
    measures = {
        "slowest POST in health, ms": 1000 * healthy,
        f"slowest POST while {kind}, ms": 1000 * took,
        f"longest until a job starts after {kind}, s": first,
    }
    for name, value in measures.items():
        figures.notes[name] = max(round(value, 2), float(figures.notes.get(name, 0.0)))


def test_jobs_are_taken_and_start_once_the_broker_is_back(
    tmp_path: Path, database_kind: DatabaseKind, rng: random.Random, figures: Figures
) -> None:
    with town(tmp_path, database_kind) as here:
        for _ in range(ROUNDS):
            for outage in get_args(Outage):
                suffer(here, outage, rng.uniform(1, LONGEST_SECONDS), figures)
