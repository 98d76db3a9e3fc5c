"""The worker's pool: Celery's prefork pool, replacing killed children sooner."""

import os
import subprocess
import sys
from pathlib import Path

import psutil

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


def test_children_are_checked_more_often_than_celery_does(tmp_path: Path) -> None:
    # Celery prefers a pool that its command line names.
    assert "--pool" not in worker_command(1, "w")
    broker = {"BACKPROPD_DATA_DIR": str(tmp_path), "BACKPROPD_BROKER_URL": "memory://"}
    answer = subprocess.run(
        [sys.executable, "-c", INTERVALS],
        env={**os.environ, **broker},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    name, ours, theirs = answer.stdout.split()
    assert name == "WatchedTaskPool"
    assert float(ours) < float(theirs)


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
