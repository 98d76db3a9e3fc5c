"""`backpropd worker`: run a Celery worker in this process."""

import os
import secrets
import socket

from store.errors import ConfigurationError
from store.settings import load_settings
from workers.process.blas_threads import blas_environment
from workers.process.launch import worker_command


def exec_worker(concurrency: int | None, name: str | None) -> None:
    """Replace this process with a worker; never returns."""
    settings = load_settings()
    if settings.broker_url is None:
        msg = "BACKPROPD_BROKER_URL is not set (`backpropd up` starts an embedded broker)"
        raise ConfigurationError(msg)
    command = worker_command(
        concurrency or count_cores(), name or f"{socket.gethostname()}-{secrets.token_hex(4)}"
    )
    os.execve(command[0], command, {**os.environ, **blas_environment()})  # noqa: S606 - our own


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
