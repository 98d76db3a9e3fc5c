"""The worker's pool is Celery's, but for how soon a killed child is replaced."""

import subprocess
import sys
from pathlib import Path
from unittest.mock import Mock

from celery.concurrency.asynpool import AsynPool

from workers.launch import worker_command
from workers.pool import LOOK_SECONDS, WatchedTaskPool


def test_children_are_looked_after_more_often_than_celery_does() -> None:
    pool = Mock()
    ours, theirs = (vars(kind)["timers"].fget(pool) for kind in (WatchedTaskPool.Pool, AsynPool))
    assert ours == {pool.maintain_pool: LOOK_SECONDS}
    assert ours.keys() == theirs.keys()
    assert theirs[pool.maintain_pool] > LOOK_SECONDS


def test_worker_takes_that_pool(tmp_path: Path) -> None:
    # Celery prefers a pool that its command line names.
    assert "--pool" not in worker_command(1, "w")
    ask = "from workers.app import app; print(app.Worker(concurrency=1).pool_cls.__name__)"
    environment = {"BACKPROPD_DATA_DIR": str(tmp_path), "BACKPROPD_BROKER_URL": "memory://"}
    answer = subprocess.run(
        [sys.executable, "-c", ask],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.strip() == "WatchedTaskPool", answer.stderr
