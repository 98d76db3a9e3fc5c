"""PostgreSQL killed under load: 503 and never 500, training continues, the API recovers."""

import random
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest
from sqlalchemy import select

from store.db.tables import jobs
from tests.chaos.campaign import Campaign, campaign
from tests.chaos.checker import Undisturbed
from tests.chaos.figures import Figures
from tests.chaos.sizes import Sizes
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

IN_FLIGHT = 3
BACK_SECONDS = 5.0
# Outages are shorter than the lease, so that workers keep their jobs.
SETTINGS: dict[str, Any] = {"lease_seconds": 20, "heartbeat_seconds": 1, "slice_seconds": 30}


class Load:
    """Threads that continuously list jobs and validate job specs."""

    def __init__(self, run: Campaign) -> None:
        self.answers: Counter[int | str] = Counter()
        self._run = run
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        body = {"dataset_id": self._run.dataset_id, "target": "kind"}
        with httpx2.Client(base_url=self._run.fleet.url, timeout=30, trust_env=False) as client:
            while not self._stopped.wait(0.05):
                self._count(client.get("/v1/jobs"))
                self._count(client.post("/v1/jobs/validate", json=body))

    def _count(self, answer: httpx2.Response) -> None:
        self.answers[answer.status_code] += 1
        if answer.status_code == 503:
            self.answers[answer.json()["code"]] += 1


def test_service_survives_database_outages(
    tmp_path: Path,
    undisturbed: dict[str, Undisturbed],
    sizes: Sizes,
    rng: random.Random,
    figures: Figures,
) -> None:
    with campaign(tmp_path, "postgresql", undisturbed, **SETTINGS) as run:
        run.fleet.start_api()
        run.fleet.start_worker("worker", children=2)
        run.fleet.wait_until_ready()
        known: set[int] = set()
        longest = 0.0
        assert run.dataset_id
        with Load(run) as load:
            for _ in range(sizes.choose(1, 50)):
                run.wait_until_claimed("worker", known, IN_FLIGHT)
                longest = max(longest, kill_database(run, rng.uniform(0.5, 3)))
                figures.faults += 1
        assert set(load.answers) == {200, 503, "database_unavailable"}
        figures.notes["longest seconds until the API is back"] = round(longest, 2)
        figures.notes["answers of 200"] = load.answers[200]
        figures.notes["answers of 503"] = load.answers[503]
        run.conclude(figures)


def kill_database(run: Campaign, seconds: float) -> float:
    """Kill the database for `seconds`; return the seconds until the API recovers afterwards."""
    assert run.fleet.postgres is not None
    held = read_held(run)
    run.fleet.postgres.kill()
    wait_for(lambda: list_jobs(run) == 503)
    time.sleep(seconds)
    assert run.fleet.processes[0].is_running
    run.fleet.postgres.start()
    began = time.monotonic()
    wait_for(lambda: list_jobs(run) == 200, BACK_SECONDS)
    took = time.monotonic() - began
    # Each job is still held by the same worker, or has ended.
    assert all(attempt == held.get(job_id, attempt) for job_id, attempt in read_attempts(run))
    return took


def list_jobs(run: Campaign) -> int:
    """List the jobs and return the response's status."""
    return httpx2.get(f"{run.fleet.url}/v1/jobs", timeout=30, trust_env=False).status_code


def read_held(run: Campaign) -> dict[str, int]:
    """Return the attempt of each running job."""
    query = select(jobs.c.id, jobs.c.attempt).where(jobs.c.lease_expires_at.is_not(None))
    with run.fleet.database.reading() as session:
        return {row.id: row.attempt for row in session.execute(query)}


def read_attempts(run: Campaign) -> list[tuple[str, int]]:
    with run.fleet.database.reading() as session:
        return [(row.id, row.attempt) for row in session.execute(select(jobs.c.id, jobs.c.attempt))]
