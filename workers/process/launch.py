"""Command line of a worker process."""

import sys


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
