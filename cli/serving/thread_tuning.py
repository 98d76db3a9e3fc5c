"""Thread tuning: the event loop gets the interpreter lock back quickly."""

import sys

SWITCH_SECONDS = 0.0001


def switch_threads_often() -> None:
    """Let a thread that computes pass the interpreter lock on after SWITCH_SECONDS.

    The event loop takes the lock for each connection that has data. With Python's 5 ms, a thread
    that reads many rows would delay each of them by that much.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
