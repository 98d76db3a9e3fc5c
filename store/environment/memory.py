"""Memory of this process: its size, a limit on it, and its order among the kernel's victims."""

import ctypes
import logging
import os
import resource
from contextlib import suppress
from pathlib import Path

logger = logging.getLogger(__name__)

_STATUS = Path("/proc/self/status")
_OOM_SCORE_ADJ = Path("/proc/self/oom_score_adj")
# From -1000 to 1000. As much as half of the machine's memory, so that a small child with a job
# ends before a larger process without one.
_CHILD_SCORE = 500


def data_bytes() -> int:
    """Return the size of the private writable memory, which the limit applies to.

    Arrays count from their allocation on, stacks of threads with their whole size, and files that
    are mapped for reading not at all. Returns 0 where the system does not report it.
    """
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def limit_data(most_bytes: int) -> None:
    """Limit the private writable memory of this process: beyond it, allocations raise MemoryError.

    Args:
        most_bytes: the limit; RLIM_INFINITY for none beyond the hard limit, which always holds.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if hard != resource.RLIM_INFINITY:
        most_bytes = hard if most_bytes == resource.RLIM_INFINITY else min(most_bytes, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, hard))


def use_system_allocator() -> None:
    """Let pyarrow, which this process has not imported yet, allocate from the C library.

    Its own allocator reserves a gibibyte at the first use, which the limit would count.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def end_before_parent() -> None:
    """Let the kernel, when memory is full, end this process before the one that started it."""
    try:
        before = int(_OOM_SCORE_ADJ.read_text(encoding="ascii"))
        _OOM_SCORE_ADJ.write_text(str(max(before, _CHILD_SCORE)), encoding="ascii")
    except OSError as error:
        logger.warning("cannot raise this process's oom_score_adj: %s", error)


def return_free_memory() -> None:
    """Return freed memory to the system, which the C library would keep for later allocations."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:  # of glibc only
        trim(0)
