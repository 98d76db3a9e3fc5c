"""Functions that tests let a reader of files call, in its thread or in a process."""

import os
import signal
import time
from pathlib import Path

from store.intake.options import Limits


def pid(_source: Path, _limits: Limits) -> int:
    """Return the pid."""
    return os.getpid()


def write_on(source: Path, limits: Limits) -> None:
    """Write files beside the source until reading must stop."""
    number = 0
    while True:
        number += 1
        (source.parent / f"{number}").write_bytes(b"")
        limits.check_running()
        # Leaves the processor to the thread that decides.
        time.sleep(0.001)


def check_on(_source: Path, limits: Limits) -> None:
    """Use the processor until the limit."""
    while True:
        limits.check_running()


def spin(_source: Path, _limits: Limits) -> None:
    """Use the processor, as a decoder does that checks nothing."""
    while True:
        pass


def allocate(_source: Path, _limits: Limits) -> int:
    """Take two gibibytes of memory."""
    return len(bytearray(2**31))


def crash(_source: Path, _limits: Limits) -> None:
    """End the process, as a decoder does that a file has misled."""
    os.kill(os.getpid(), signal.SIGSEGV)
