"""Allocator tuning: freed memory is reused instead of returned to the kernel at once."""

import ctypes

# Parameters of mallopt (glibc's malloc.h).
M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
M_ARENA_MAX = -8
# Bytes of free memory that the process keeps.
KEPT_BYTES = 64 * 2**20
# Arrays of at least this size are mapped, and returned when they are freed.
MAPPED_BYTES = 32 * 2**20


def keep_freed_memory() -> None:
    """Let malloc keep freed memory for the next request, up to KEPT_BYTES.

    By default glibc returns buffers of 128 KiB and more, and every request for a large number of
    rows then pays a page fault per 4 KiB: half of its time. One arena serves all threads, which
    rarely allocate at the same time, because the interpreter lock is held. Other C libraries have
    no such parameters.
    """
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallopt"):
        return
    library.mallopt(M_ARENA_MAX, 1)
    library.mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES)
    library.mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
