"""`backpropd up` as a test's own process, and checks for leftovers."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


def clean_environment(**variables: str) -> dict[str, str]:
    """Return the environment without the caller's BACKPROPD_* settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BACKPROPD_")}
    return {**kept, **variables}


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of `backpropd` with these arguments."""
    return [sys.executable, "-m", "cli", *map(str, arguments)]


def run(
    *arguments: str | Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `backpropd` to completion."""
    return subprocess.run(
        command(*arguments),
        cwd=ROOT,
        env=environment or clean_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


class Service:
    """A running `backpropd up` that logs to a file."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self.log = log
        line = process.stdout.readline() if process.stdout else ""
        assert line.startswith("ready http://"), log.read_text()
        self.url = line.split()[1]

    def family(self) -> list[psutil.Process]:
        """Return all processes of the service except the supervisor."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def children(self, word: str) -> list[psutil.Process]:
        """Return the supervisor's children that have the word in their command line."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if word in " ".join(child.cmdline())]

    def child(self, word: str) -> psutil.Process:
        """Return the supervisor's first child that has the word in its command line."""
        return self.children(word)[0]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the service; return its exit status. Fails if it has printed more than `ready`."""
        self.process.send_signal(number)
        rest, _ = self.process.communicate(timeout=60)
        assert rest == ""
        return self.process.returncode


@contextmanager
def running(
    data: Path, *arguments: str, environment: dict[str, str] | None = None
) -> Iterator[Service]:
    """Run the service on this data directory, from readiness on; kill it at the end if needed."""
    log = data.with_name(f"{data.name}.log")
    with (
        log.open("a") as output,
        subprocess.Popen(
            command("up", "--port", "0", "--data", data, "--workers", "1", *arguments),
            cwd=ROOT,
            env=environment or clean_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        ) as process,
    ):
        try:
            yield Service(process, log)
        finally:
            process.kill()
