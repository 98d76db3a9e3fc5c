"""Functions that tests call in child processes."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from engine.errors import SpecError, SpecProblem
from store.errors import NotFoundError
from store.prepared.open import DataResources


def add(_resources: DataResources, left: int, right: int) -> tuple[int, int]:
    """Return the pid and a sum."""
    return os.getpid(), left + right


def describe(resources: DataResources) -> dict[str, Any]:
    """Return what the resources of the process are."""
    resources.database.ping()
    return {"environment": resources.environment, "id": id(resources), "pid": os.getpid()}


def sleep(_resources: DataResources, path: str, seconds: float) -> None:
    """Write the pid to a file, and sleep."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(seconds)


def fail(_resources: DataResources, how: str) -> None:
    """Fail in one of several ways."""
    match how:
        case "missing":
            raise NotFoundError("job", "job_1", "it is a model")
        case "invalid":
            raise SpecError([SpecProblem("/loss", "unknown", "is not known")], is_complete=False)
        case "memory":
            raise MemoryError
        case "unknown":
            raise KeyError(how)
        case "crash":
            os.kill(os.getpid(), signal.SIGKILL)
