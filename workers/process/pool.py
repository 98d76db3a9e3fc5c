"""Celery's prefork pool, replacing a killed child within half a second.

The pool learns of a child's exit when the child's pipes close, slightly before the child can be
reaped. Its check therefore often finds the child still alive, and by default the next check
follows only five seconds later.
"""

from celery.concurrency.asynpool import AsynPool
from celery.concurrency.prefork import TaskPool

POLL_SECONDS = 0.5


class _MonitoredPool(AsynPool):  # type: ignore[misc]  # Celery has no types
    @property
    def timers(self) -> dict[object, float]:
        return {self.maintain_pool: POLL_SECONDS}


class WatchedTaskPool(TaskPool):  # type: ignore[misc]
    """The pool class configured in workers.app."""

    Pool = _MonitoredPool
