"""Small programs to supervise, and conditions that tests wait for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from cli.supervision.process import Program
from cli.supervision.signals import Signals
from cli.supervision.supervisor import Supervisor

# Appends its pid to the file of its first argument, then runs the remaining code.
_PRELUDE = "import os, signal, sys, time; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); "


def python(
    name: str,
    pids: Path,
    code: str,
    *,
    is_last: bool = False,
    grace: float = 5,
    has_spare: bool = False,
) -> Program:
    """Return a program that appends its pid to the file and runs this Python code."""
    command = [sys.executable, "-c", _PRELUDE + code, str(pids)]
    return Program(name, command, is_last=is_last, grace_seconds=grace, has_spare=has_spare)


def read_pids(path: Path) -> list[int]:
    """Return the pids written so far."""
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    """Return whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def supervising(log: list[str] | None = None) -> Iterator[Supervisor]:
    """A supervisor whose children are stopped at the end, also after an error."""
    with Signals() as signals:
        supervisor = Supervisor(signals, ([] if log is None else log).append)
        try:
            yield supervisor
        finally:
            supervisor.stop()
