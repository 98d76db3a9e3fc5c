"""Command lines of a worker process."""

import sys


def worker_command(concurrency: int, name: str) -> list[str]:
    """Return the command of a Celery worker with `concurrency` prefork children.

    Args:
        concurrency: number of child processes.
        name: unique name of the worker.
    """
    celery = ("-m", "celery", "--app", "workers.app:app")
    return [sys.executable, *celery, *_options(concurrency, name)]


def standby_command(concurrency: int, name: str) -> list[str]:
    """Return the command of such a worker that loads, and starts at a line of its input."""
    return [sys.executable, "-m", "workers", *_options(concurrency, name)]


def _options(concurrency: int, name: str) -> list[str]:
    return [
        *("--quiet", "worker", "--concurrency", str(concurrency)),
        *("--hostname", f"{name}@%h", "--loglevel", "INFO"),
        # Only needed for workers to discover each other; the database already lists them.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
