"""The workers' application with a crash point for each child: the next one of a file.

Celery replaces a child that has died, so that one worker passes them all, one after the other.
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
    """Take the first line from the file; None when there is none left."""
    with path.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.read().splitlines()
        file.seek(0)
        file.truncate()
        file.write("".join(f"{line}\n" for line in lines[1:]))
    return lines[0] if lines else None
