"""The memory limit of a worker's child while it works on a job."""

import gc
import math
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import clear_frames

import numpy as np

from store.environment.memory import data_bytes, limit_data, return_free_memory

MIB = 2**20
# Memory beyond the arrays of a job: stacks of threads, blocks that the C library has not returned,
# objects of queries, measured: up to 60 MiB. A share for the error of estimates is added to it.
MARGIN_BYTES = 128 * MIB
MARGIN_SHARE = 16
# A job that took less leaves its freed memory to the next one.
KEPT_BYTES = 16 * MIB
SETTING = "BACKPROPD_MAX_JOB_MEMORY_BYTES"


def limit_of_job(limit_bytes: int) -> int:
    """Return the bytes that the kernel lets a job of at most `limit_bytes` allocate."""
    return limit_bytes + limit_bytes // MARGIN_SHARE + MARGIN_BYTES


class JobMemoryError(MemoryError):
    """A job reached its memory limit, or the machine's.

    Attributes:
        used_bytes: memory of the job when the allocation failed.
        needed_bytes: the same with the allocation that failed; None if its size is not known.
        limit_bytes: the memory that a job may have.
    """

    def __init__(self, used_bytes: int, needed_bytes: int | None, limit_bytes: int) -> None:
        self.used_bytes, self.needed_bytes = used_bytes, needed_bytes
        self.limit_bytes = limit_bytes
        super().__init__(self._describe())

    def _describe(self) -> str:
        used, limit = self.used_bytes // MIB, self.limit_bytes // MIB
        needed = None if self.needed_bytes is None else -(-self.needed_bytes // MIB)
        asked = f"it had {used} MiB, and needed " + (
            "more" if needed is None else f"{needed} MiB at least"
        )
        if needed is not None and needed <= limit:
            return f"the worker's machine has no more memory: {asked}, of {limit} MiB ({SETTING})"
        return f"the job reached its memory limit of {limit} MiB ({SETTING}): {asked}"


class MemoryLimit:
    """Limits what one job allocates, on top of what this process had before.

    Args:
        limit_bytes: the memory that a job may have.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._most_bytes = limit_of_job(limit_bytes)
        self._lifted = resource.getrlimit(resource.RLIMIT_DATA)[0]
        self._before = data_bytes()

    def begin_job(self) -> None:
        """Measure the process before a job is opened."""
        self._before = data_bytes()

    def end_job(self) -> None:
        """Return the memory of a job that has ended to the system, if it was much."""
        if data_bytes() - self._before > KEPT_BYTES:
            # Some networks are in a reference cycle with their optimizer.
            gc.collect()
            return_free_memory()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply the limit within the block.

        Raises JobMemoryError for any MemoryError of the block, after the limit is lifted and the
        local variables of the failed calls, which hold the job's arrays, are released.
        """
        try:
            limit_data(self._before + self._most_bytes)
            try:
                yield
            except MemoryError as error:
                failure = self._describe(error)
                _release_frames(error)
                raise failure from None
        finally:
            limit_data(self._lifted)

    @contextmanager
    def lifted(self) -> Iterator[None]:
        """Lift the limit within the block, which is part of one of `applied`."""
        before, _ = resource.getrlimit(resource.RLIMIT_DATA)
        limit_data(self._lifted)
        try:
            yield
        finally:
            limit_data(before)

    def _describe(self, error: MemoryError) -> JobMemoryError:
        used = max(data_bytes() - self._before, 0)
        asked = _requested_bytes(error)
        return JobMemoryError(used, None if asked is None else used + asked, self._limit_bytes)


def _release_frames(error: BaseException | None) -> None:
    """Release the local variables of the calls that failed, and of those that failed before."""
    while error is not None:
        clear_frames(error.__traceback__)
        error = error.__context__


def _requested_bytes(error: MemoryError) -> int | None:
    """Return the size of the array that NumPy could not allocate; None for other errors."""
    shape, dtype = getattr(error, "shape", None), getattr(error, "dtype", None)
    if not isinstance(shape, tuple) or not isinstance(dtype, np.dtype):
        return None
    return math.prod(shape) * dtype.itemsize
