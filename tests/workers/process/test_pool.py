"""The worker's pool: Celery's prefork pool, replacing killed children sooner."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from store.db.database import Database
from store.settings import Settings
from store.workers import list_live_workers
from tests.waiting import wait_for
from workers.process.blas_threads import blas_environment
from workers.process.launch import worker_command

ROOT = Path(__file__).parents[3]
# A pool of real processes, and how often it and Celery's own would look after them.
INTERVALS = """
from celery.concurrency.asynpool import AsynPool
from workers.app import app

worker = app.Worker(concurrency=1)
pool = worker.pool_cls(1, app=app, initargs=(app, worker.hostname), threads=False)
pool.start()
try:
    ours = pool._pool.timers[pool._pool.maintain_pool]
    theirs = AsynPool.timers.fget(pool._pool)[pool._pool.maintain_pool]
    print(type(pool).__name__, ours, theirs)
finally:
    pool.terminate()
"""
# Whether the pool has started well after its child was killed, and after its child has exited.
FAILURES = """
import os, signal
from workers.app import app

worker = app.Worker(concurrency=1)
pool = worker.pool_cls(1, app=app, initargs=(app, worker.hostname), threads=False)
pool.start()
try:
    (child,) = pool._pool._pool
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    killed = pool.did_start_ok()
    child._popen.returncode = 1
    print(killed, pool.did_start_ok(), worker.worker_lost_wait, app.conf.worker_proc_alive_timeout)
finally:
    pool.terminate()
"""


def _run_in_a_worker(settings: Settings, script: str) -> list[str]:
    """Run a script with the settings of a worker; return the words that it prints."""
    answer = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **settings.environment(), "BACKPROPD_BROKER_URL": "memory://"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.split()


@pytest.mark.usefixtures("database")
def test_children_are_checked_more_often_than_celery_does(settings: Settings) -> None:
    # Celery prefers a pool that its command line names.
    assert "--pool" not in worker_command(1, "w")
    name, ours, theirs = _run_in_a_worker(settings, INTERVALS)
    assert name == "WatchedTaskPool"
    assert float(ours) < float(theirs)


@pytest.mark.usefixtures("database")
def test_a_child_killed_at_its_start_is_no_failure_of_the_worker(settings: Settings) -> None:
    killed, exited, lost, starting = _run_in_a_worker(settings, FAILURES)
    assert (killed, exited) == ("True", "False")
    assert float(lost) < 1
    assert float(starting) > 30


def test_killed_child_is_replaced(settings: Settings, database: Database, redis_url: str) -> None:
    # The filesystem has no event loop, and Celery another pool for it.
    broker = {"BACKPROPD_BROKER_URL": f"{redis_url}?virtual_host=0"}
    parent = psutil.Popen(
        worker_command(1, "w"),
        env={**os.environ, **settings.environment(), **broker, **blas_environment()},
        cwd=ROOT,
    )

    def is_announced() -> bool:
        with database.reading() as session:
            return bool(list_live_workers(session, 60))

    try:
        # A child announces the worker once it is ready.
        wait_for(is_announced)
        (child,) = parent.children()
        child.kill()
        wait_for(lambda: {found.pid for found in parent.children()} - {child.pid})
        parent.terminate()
        assert parent.wait(60) == 0
    finally:
        if parent.poll() is None:
            parent.kill()
            parent.wait(60)
