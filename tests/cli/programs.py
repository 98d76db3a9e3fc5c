"""Small programs to supervise, and what the tests wait for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from cli.supervision.process import Program
from cli.supervision.signals import Signals
from cli.supervision.supervisor import Supervisor

# Writes its pid to the file that it is given, then does as the rest says.
_PRELUDE = "import os, signal, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); "


def python(name: str, pids: Path, code: str, *, is_last: bool = False, grace: float = 5) -> Program:
    """A program of this Python code, which notes its pid in the file."""
    command = [sys.executable, "-c", _PRELUDE + code, str(pids)]
    return Program(name, command, is_last=is_last, grace_seconds=grace)


def read_pids(path: Path) -> list[int]:
    """The pids noted so far."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def supervising(log: list[str] | None = None) -> Iterator[Supervisor]:
    """A supervisor whose children are gone at the end, whatever happened."""
    with Signals() as signals:
        supervisor = Supervisor(signals, ([] if log is None else log).append)
        try:
            yield supervisor
        finally:
            supervisor.stop()
