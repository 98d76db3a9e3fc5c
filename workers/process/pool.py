"""Celery's pool of processes, with a child that was killed replaced within half a second.

The pool is told of a child's end when its files are closed, a moment before the child can be
waited for. It often looks too early, sees a child that is still there, and by default looks again
only five seconds later.
"""

from celery.concurrency.asynpool import AsynPool
from celery.concurrency.prefork import TaskPool

LOOK_SECONDS = 0.5


class _WatchedPool(AsynPool):  # type: ignore[misc]  # Celery has no types
    @property
    def timers(self) -> dict[object, float]:
        return {self.maintain_pool: LOOK_SECONDS}


class WatchedTaskPool(TaskPool):  # type: ignore[misc]
    """The pool that workers.app names."""

    Pool = _WatchedPool
