"""Memory of a process by what Linux tells of it."""

import os
import re
from collections.abc import Iterator
from pathlib import Path


def find_descendant(word: str) -> int:
    """The process below this one that has the word among its arguments. Raises LookupError."""
    for pid in _descendants(os.getpid()):
        if word in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0"):
            return pid
    raise LookupError(word)


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text(encoding="ascii").split():
            yield int(child)
            yield from _descendants(int(child))


def forget_peak(pid: int) -> None:
    """Count the largest memory from here on."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def peak_bytes(pid: int) -> int:
    """The most memory that the process has had."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    if found is None:
        raise LookupError(pid)
    return int(found[1]) * 1024
