"""Exit of a worker's child process after its parent was killed: release the job, then exit.

Linux's parent-death signal (PR_SET_PDEATHSIG) is bound to the thread that forked the child, and
Celery's pool may fork from threads that end.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from workers.process.shutdown import ShutdownFlag

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
# Time limit for an orphaned child to write a checkpoint and release its job.
GRACE_SECONDS = 10.0
EXIT_STATUS = 1


def watch_parent(
    shutdown: ShutdownFlag,
    is_busy: Callable[[], bool],
    parent: int | None = None,
    poll_seconds: float = POLL_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """Start a thread that ends this process after its parent has died; return at once.

    The flag is shared with the parent's other children, so it also notifies them. A job that a
    child does not release within grace_seconds is resumed by another worker when its lease expires.

    Args:
        shutdown: set when the parent dies, so that a running slice checkpoints and releases its
            job.
        is_busy: whether a slice is running.
        parent: the parent's pid, read before the fork; without it, the death of a parent before
            this call is not detected.
        poll_seconds: interval between checks of the parent.
        grace_seconds: time limit for a running slice to end.
    """
    expected = os.getppid() if parent is None else parent

    def watch() -> None:
        while os.getppid() == expected:
            time.sleep(poll_seconds)
        logger.error("the worker's parent process is gone: leaving")
        shutdown.set()
        deadline = time.monotonic() + grace_seconds
        while is_busy() and time.monotonic() < deadline:
            time.sleep(min(0.05, poll_seconds))
        # The main thread would block forever waiting for messages from its parent.
        os._exit(EXIT_STATUS)

    threading.Thread(target=watch, name="orphan-watch", daemon=True).start()
