"""A worker that is stopped for longer than its lease and continues after a takeover."""

import random
import re
import signal
import time

import pytest
from sqlalchemy import select

from store.db.tables import jobs
from tests.chaos.campaign import Campaign
from tests.chaos.conftest import Begin
from tests.chaos.figures import Figures
from tests.chaos.processes import Process
from tests.chaos.sizes import Sizes
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

REDUCED_DATABASE = "postgresql"
LEASE_SECONDS = 1.0
SETTINGS = {"lease_seconds": LEASE_SECONDS, "heartbeat_seconds": 0.3, "sweep_seconds": 0.3}
TAKEN_OVER_WITHIN_SECONDS = 8.0


def test_stopped_worker_writes_nothing_when_it_continues(
    begin: Begin,
    sizes: Sizes,
    rng: random.Random,
    figures: Figures,
) -> None:
    with begin(**SETTINGS) as run:
        run.fleet.start_api()
        workers = {name: run.fleet.start_worker(name) for name in ("left", "right")}
        run.fleet.wait_until_ready()
        wanted, locked = sizes.choose(1, 50), 0
        while figures.faults < wanted:
            taken_over = stop_and_continue(run, workers, rng.uniform(0.05, 0.4))
            figures.faults += taken_over is True
            locked += taken_over is False
            # Only a process that is stopped in the middle of a transaction holds a lock.
            assert locked <= 3 + wanted // 4
        figures.notes["stopped in the middle of a transaction"] = locked
        run.conclude(figures)


def stop_and_continue(run: Campaign, workers: dict[str, Process], delay: float) -> bool | None:
    """Post a job and stop its worker; return whether another took it over, None if it had ended.

    A worker stopped in the middle of a transaction locks the row (on SQLite the database) while
    the transaction is open, so that no other worker can take the job over.
    """
    job_id = run.post()
    wait_for(lambda: holder_of(run, job_id) is not None)
    time.sleep(delay)
    name = holder_of(run, job_id)
    if name is None:
        return None
    [child] = workers[name].children()
    workers[name].send(signal.SIGSTOP, child)
    try:
        is_taken = taken_over(run, job_id, name)
    finally:
        workers[name].send(signal.SIGCONT, child)
    if is_taken:
        # The stale worker logs the lost lease, and its child is free for another job; one that was
        # still opening the job is replaced.
        lost = re.compile(rf"on job {job_id} .*: leaving the job|job {job_id} has another holder")
        wait_for(lambda: lost.search(workers[name].read_log()))
    run.wait_until_ended()
    return is_taken


def holder_of(run: Campaign, job_id: str) -> str | None:
    """Return the name of the worker that trains the job."""
    with run.fleet.database.reading() as session:
        query = select(jobs.c.worker).where(
            jobs.c.id == job_id, jobs.c.status == "running", jobs.c.lease_expires_at.is_not(None)
        )
        return session.execute(query).scalar_one_or_none()


def taken_over(run: Campaign, job_id: str, name: str) -> bool:
    """Return whether another worker takes the job over within the time limit."""
    deadline = time.monotonic() + TAKEN_OVER_WITHIN_SECONDS
    while time.monotonic() < deadline:
        with run.fleet.database.reading() as session:
            query = select(jobs.c.worker).where(jobs.c.id == job_id)
            if session.execute(query).scalar_one() != name:
                return True
        time.sleep(0.02)
    return False
