"""Waiting for conditions instead of sleeping for a fixed time."""

import time
from collections.abc import Callable


def wait_for(condition: Callable[[], object], seconds: float = 60, every: float = 0.01) -> None:
    """Wait until the condition holds; fail after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every)
