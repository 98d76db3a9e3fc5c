"""The real commands, as processes of their own."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.settings import Settings
from tests.waiting import wait_for

ROOT = Path(__file__).parents[1]
BACKPROPD = (sys.executable, "-m", "cli")

needs_curl = pytest.mark.skipif(
    shutil.which("curl") is None, reason="there is no curl on this machine"
)


@contextmanager
def running(command: Sequence[str], log: Path, **environment: str) -> Iterator[None]:
    """A long-running command, until it is asked to stop; it must leave with status 0."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0, log.read_text()


def find_url(log: Path, pattern: str, seconds: float = 60) -> str:
    """The URL that a command prints, once it has printed it."""
    wait_for(lambda: re.search(pattern, log.read_text(), re.MULTILINE), seconds)
    found = re.search(pattern, log.read_text(), re.MULTILINE)
    assert found
    return found[1]


@contextmanager
def serving(settings: Settings, log: Path) -> Iterator[str]:
    """`backpropd api` on a port of its own; its URL."""
    with running([*BACKPROPD, "api", "--port", "0"], log, **settings.environment()):
        url = find_url(log, r"listening on (http://\S+)")
        wait_for(lambda: "startup complete" in log.read_text())
        yield url
