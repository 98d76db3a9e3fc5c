"""Peak memory of a process, read from Linux's /proc."""

import os
import re
from collections.abc import Iterator
from pathlib import Path


def find_descendant(word: str) -> int:
    """Return the pid of the descendant process with this argument. Raises LookupError."""
    for pid in _descendants(os.getpid()):
        if word in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0"):
            return pid
    raise LookupError(word)


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield int(child)
            yield from _descendants(int(child))


def reset_peak(pid: int) -> None:
    """Reset the peak of the process's resident memory."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_bytes(pid: int) -> int:
    """Return the peak resident memory of the process, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is None:
        raise LookupError(pid)
    return int(found[1]) * 1024
