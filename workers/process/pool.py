"""Celery's prefork pool, replacing a killed child within half a second, also at the start.

The pool learns of a child's exit when the child's pipes close, slightly before the child can be
reaped. Its check therefore often finds the child still alive, and by default the next check
follows only five seconds later.
"""

from typing import Any

from celery.concurrency.asynpool import AsynPool
from celery.concurrency.prefork import TaskPool

POLL_SECONDS = 0.5
# Celery waits this long for results of a killed child, and takes no message in its place before.
# Results are ignored: the database has them.
LOST_CHILD_SECONDS = 0.1
# Celery kills a child that has not completed its start in this time (by default in 4 s, which the
# start takes on a busy machine).
START_SECONDS = 60.0


def configure_pool(app: Any) -> None:  # noqa: ANN401 - Celery has no types
    """Set the pool of the application, and its times."""
    app.conf.worker_pool = WatchedTaskPool
    app.conf.worker_lost_wait = LOST_CHILD_SECONDS
    app.conf.worker_proc_alive_timeout = START_SECONDS


class _MonitoredPool(AsynPool):  # type: ignore[misc]  # Celery has no types
    @property
    def timers(self) -> dict[object, float]:
        return {self.maintain_pool: POLL_SECONDS}


class WatchedTaskPool(TaskPool):  # type: ignore[misc]
    """The pool class configured in workers.app."""

    Pool = _MonitoredPool

    def did_start_ok(self) -> bool:
        """Whether no child has failed to start: checked once, after all have been forked.

        A killed child is replaced by the next check of the pool. Celery counts it as a failure,
        upon which the parent ends, with the jobs of the other children.
        """
        return all((child.exitcode or 0) <= 0 for child in self._pool._pool)  # noqa: SLF001
