"""The side of a child process that reads files of binary formats."""

import fcntl
import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from store.errors import IntakeLimitError
from store.intake.options import Limits
from store.settings import PREFIX

T = TypeVar("T")

# Processor time beyond the limit after which the kernel ends the process: between two batches the
# limit is checked by the reader itself.
GRACE_SECONDS = 2
# A process that was killed has ended within this time.
END_SECONDS = 10.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call that reads a file; it can be pickled.

    Attributes:
        function: called with `args` and `limits`.
        args: arguments.
        limits: limits of the file.
        lock: a file that is locked as long as the call lasts; it is removed with its folder.
        memory_bytes: memory of the process for the file.
    """

    function: Callable[..., T]
    args: tuple[object, ...]
    limits: Limits
    lock: Path
    memory_bytes: int


def read(_resources: Any, call: Call[T]) -> T:  # noqa: ANN401 - not needed
    """Return the result of a call. Raises IntakeLimitError, and as the function."""
    with call.lock.open("wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        _limit_processor_time(call.limits.max_seconds)
        try:
            return call.function(*call.args, call.limits)
        except MemoryError as error:
            raise _memory_error(call.memory_bytes) from error
        finally:
            _limit_processor_time(None)


def wait_for_end(lock: Path) -> None:
    """Wait until the process that holds a lock has finished its call, or has been killed."""
    end = time.monotonic() + END_SECONDS
    with suppress(FileNotFoundError), lock.open("rb") as file:
        while time.monotonic() < end:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            time.sleep(_POLL_SECONDS)


def _limit_processor_time(seconds: float | None) -> None:
    """Let the kernel end this process after `seconds` more of processor time; None: no limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if seconds is None:
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + GRACE_SECONDS
    if hard == resource.RLIM_INFINITY or most < hard:
        resource.setrlimit(resource.RLIMIT_CPU, (most, hard))


def _memory_error(limit: int) -> IntakeLimitError:
    detail = f"reading the file takes more than {limit} bytes of memory"
    setting = f"{PREFIX}MAX_READ_MEMORY_BYTES"
    return IntakeLimitError("too_much_memory", detail, limit, limit, "bytes", setting)
