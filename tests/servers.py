"""The real commands as separate processes."""

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
    """Run a command for the duration of the block; on SIGTERM it must exit with status 0."""
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
    """Wait until a command has printed a URL, and return it."""
    wait_for(lambda: re.search(pattern, log.read_text(), re.MULTILINE), seconds)
    found = re.search(pattern, log.read_text(), re.MULTILINE)
    assert found
    return found[1]


@contextmanager
def serving(settings: Settings, log: Path) -> Iterator[str]:
    """Run `backpropd api` on a free port and yield its URL."""
    with running([*BACKPROPD, "api", "--port", "0"], log, **settings.environment()):
        url = find_url(log, r"listening on (http://\S+)")
        wait_for(lambda: "startup complete" in log.read_text())
        yield url
