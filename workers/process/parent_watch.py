"""What a worker's child does when its parent is killed: give its job back, and end.

The kernel's own way, a signal at the parent's death, is tied to the thread that made the child,
and Celery's pool may make children from threads.
"""

import logging
import os
import threading
import time
from collections.abc import Callable

from workers.process.shutdown import ShutdownFlag

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
# So long a busy orphan may take to checkpoint and give its job back.
GRACE_SECONDS = 10.0
EXIT_STATUS = 1


def watch_parent(
    shutdown: ShutdownFlag,
    is_busy: Callable[[], bool],
    parent: int | None = None,
    look_seconds: float = LOOK_SECONDS,
    grace_seconds: float = GRACE_SECONDS,
) -> None:
    """End this process, some time after its parent, from a thread of its own; returns at once.

    The flag is shared with the parent's other children, whose parent is the same: it tells them
    sooner. What a child that takes longer than grace_seconds leaves undone goes on elsewhere, once
    its lease has run out.

    Args:
        shutdown: is set, so that a slice checkpoints and gives its job back.
        is_busy: whether a slice is under way.
        parent: its number, as it was before the fork; without it, a parent that is killed before
            this is called goes unnoticed.
        look_seconds: how often to look whether the parent is still there.
        grace_seconds: how long a slice may take to end.
    """
    watched = os.getppid() if parent is None else parent

    def watch() -> None:
        while os.getppid() == watched:
            time.sleep(look_seconds)
        logger.error("the worker's parent process is gone: leaving")
        shutdown.set()
        deadline = time.monotonic() + grace_seconds
        while is_busy() and time.monotonic() < deadline:
            time.sleep(min(0.05, look_seconds))
        # The main thread waits for its parent's messages, and would do so for ever.
        os._exit(EXIT_STATUS)

    threading.Thread(target=watch, name="orphan-watch", daemon=True).start()
