"""Jobs that kill their workers: they fail after three losses without affecting other jobs."""

import random
import signal

import pytest
from sqlalchemy import select

from store.db.tables import jobs
from store.statuses import TERMINAL
from tests.chaos.campaign import Campaign
from tests.chaos.checker import Ending
from tests.chaos.conftest import Begin
from tests.chaos.figures import Figures
from tests.chaos.processes import Process
from tests.chaos.sizes import Sizes
from tests.waiting import wait_for

pytestmark = pytest.mark.rare

REDUCED_DATABASE = "sqlite"
LOSSES = 3
ENDING = Ending("failed", "worker_lost")
# The losses must precede a checkpoint, because a stored checkpoint resets the count.
SETTINGS = {
    "max_worker_losses": LOSSES,
    "lease_seconds": 1,
    "heartbeat_seconds": 0.3,
    "sweep_seconds": 0.3,
    "checkpoint_seconds": 10,
    "slice_seconds": 10,
}


def test_job_that_kills_its_worker(
    begin: Begin,
    sizes: Sizes,
    rng: random.Random,
    figures: Figures,
) -> None:
    with begin(**SETTINGS) as run:
        run.fleet.start_api()
        # "poison" exits its child at the first step; the child of "glutton" is killed from outside.
        workers = [run.fleet.start_worker(name, crash_at="mid_step@poison:1") for name in "ab"]
        for _ in range(sizes.choose(1, 10)):
            run.post(name="poison", ending=ENDING)
            glutton = run.post(
                name="glutton", ending=ENDING, epochs=100_000, seed=rng.randint(1, 9)
            )
            for _ in range(2):
                run.post()
            kill_training_child(run, glutton, workers)
            run.wait_until_ended()
        figures.faults = check_losses(run)
        run.conclude(figures)


def kill_training_child(run: Campaign, job_id: str, workers: list[Process]) -> None:
    """Send SIGKILL to the job's child whenever it trains, as the kernel's OOM killer does."""
    by_name = {worker.name: worker for worker in workers}
    killed: set[int] = set()

    def kill() -> bool:
        with run.fleet.database.reading() as session:
            query = select(jobs.c.status, jobs.c.worker, jobs.c.token).where(jobs.c.id == job_id)
            status, name, token = session.execute(query).one()
        if status in TERMINAL:
            return True
        if status == "running" and token not in killed:
            for pid in by_name[name].children():
                by_name[name].send(signal.SIGKILL, pid)
            killed.add(token)
        return False

    wait_for(kill)


def check_losses(run: Campaign) -> int:
    """Check that only the poison jobs have lost workers, LOSSES times each; return the total."""
    with run.fleet.database.reading() as session:
        query = select(jobs.c.name, jobs.c.worker_losses, jobs.c.attempt, jobs.c.error)
        rows = session.execute(query).all()
    losses = 0
    for name, lost, attempt, error in rows:
        if name in {"poison", "glutton"}:
            assert (lost, attempt) == (LOSSES, LOSSES)
            assert error["code"] == "worker_lost"
            losses += lost
        else:
            assert (lost, attempt, error) == (0, 1, None)
    return losses
