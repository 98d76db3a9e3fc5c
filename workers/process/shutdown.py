"""Shutdown flag set by a worker's parent process and read by its children between steps.

Celery's warm shutdown waits for running tasks but does not notify them; shared memory created
before the fork does.
"""

import mmap


class ShutdownFlag:
    """One byte of memory shared with every child forked after its creation."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Ask every child to write a checkpoint and exit."""
        self._byte[0] = 1

    def is_set(self) -> bool:
        """Return whether the worker is shutting down."""
        return self._byte[0] == 1
