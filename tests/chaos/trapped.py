"""The workers' application with one crash point per child, taken from a file.

Celery replaces a child that has died, so that one worker passes all crash points in sequence.
"""

import fcntl
import os
from pathlib import Path
from typing import Any

from celery import signals

from store import fault_injection
from workers.app import app

VARIABLE = "CHAOS_TRAPS"

__all__ = ["VARIABLE", "app", "take_trap"]


@signals.worker_process_init.connect  # type: ignore[untyped-decorator]
def _set_trap(**_: Any) -> None:
    trap = take_trap(Path(os.environ[VARIABLE]))
    fault_injection._trap = None if trap is None else fault_injection._Trap(trap)


def take_trap(path: Path) -> str | None:
    """Remove and return the first line of the file; None if it is empty."""
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        file.seek(0)
        file.truncate()
        file.write("".join(f"{line}\n" for line in lines[1:]))
    return lines[0] if lines else None
