"""A flag that a worker's parent process raises and its children see between two steps.

Celery's warm shutdown waits for running tasks but does not tell them; shared memory made before
the fork does.
"""

import mmap


class ShutdownFlag:
    """One byte, shared with every child forked after it was made."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def set(self) -> None:
        """Ask every child to checkpoint and leave."""
        self._byte[0] = 1

    def is_set(self) -> bool:
        """Whether the worker is leaving."""
        return self._byte[0] == 1
