"""A temporary service: `backpropd up` in a temporary folder for the duration of a block."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from cli.errors import CommandError
from cli.supervision.process import tie_to_parent
from store.settings import PREFIX

START_SECONDS = 60
STOP_SECONDS = 20


@contextmanager
def temporary_service(**settings: str) -> Iterator[str]:
    """Run `backpropd up` on a free port with these settings; yield its URL once it is ready.

    Other BACKPROPD_* variables of the caller's environment are ignored. Raises CommandError if the
    service does not start or does not stop with status 0.
    """
    with (
        tempfile.TemporaryDirectory(prefix="backpropd-") as folder,
        Path(folder, "log").open("w+", encoding="utf-8") as log,
        _started(Path(folder, "data"), log, settings) as process,
    ):
        try:
            yield _ready_url(process, log)
        finally:
            status = _stop(process)
    if status != 0:
        msg = f"the service ended with status {status}"
        raise CommandError(msg)


def _started(data: Path, log: IO[str], settings: dict[str, str]) -> subprocess.Popen[str]:
    # The demo must not use the operator's own database and broker.
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    chosen = {f"{PREFIX}{name.upper()}": value for name, value in settings.items()}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "up", "--port", "0", "--data", str(data)],
        env=kept | chosen,
        cwd=Path(__file__).resolve().parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        # Ctrl-C reaches only this process: the service is stopped when the block ends.
        start_new_session=True,
        preexec_fn=tie_to_parent(signal.SIGTERM),  # noqa: PLW1509 - no threads yet
    )


def _ready_url(process: subprocess.Popen[str], log: IO[str]) -> str:
    # The service itself retries without a limit.
    timeout = threading.Timer(START_SECONDS, process.terminate)
    timeout.start()
    line = process.stdout.readline() if process.stdout else ""
    timeout.cancel()
    state, _, url = line.strip().partition(" ")
    if state != "ready":
        log.seek(0)
        msg = f"the service does not start: {log.read()[-2000:]}"
        raise CommandError(msg)
    return url


def _stop(process: subprocess.Popen[str]) -> int:
    process.terminate()
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
