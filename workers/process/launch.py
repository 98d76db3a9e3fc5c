"""Command line and environment of a worker process."""

import sys

from workers.process.blas_threads import blas_environment


def worker_environment(threads: int = 1) -> dict[str, str]:
    """Return the variables that must be set before the worker's interpreter starts."""
    return blas_environment(threads)


def worker_command(concurrency: int, name: str) -> list[str]:
    """Return the command of a Celery worker with `concurrency` prefork children.

    Args:
        concurrency: number of child processes.
        name: unique name of the worker.
    """
    return [
        sys.executable,
        *("-m", "celery", "--app", "workers.app:app", "--quiet", "worker"),
        *("--concurrency", str(concurrency)),
        *("--hostname", f"{name}@%h", "--loglevel", "INFO"),
        # Only needed for workers to discover each other; the database already lists them.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
