"""How a worker process is started: its command line and its environment."""

import sys

from workers.process.blas_threads import blas_environment


def worker_environment(threads: int = 1) -> dict[str, str]:
    """Variables that must be set before the worker's interpreter starts."""
    return blas_environment(threads)


def worker_command(concurrency: int, name: str) -> list[str]:
    """The Celery worker: one prefork child per core, told apart by its name."""
    return [
        sys.executable,
        *("-m", "celery", "--app", "workers.app:app", "--quiet", "worker"),
        *("--concurrency", str(concurrency)),
        *("--hostname", f"{name}@%h", "--loglevel", "INFO"),
        # They only tell workers of each other, which the database does already.
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
