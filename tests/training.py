"""Training without a broker: run a worker's slices in this process."""

import threading
from collections.abc import Callable

from store.blobs.blobs import open_blobs
from store.db.database import Database
from store.db.pagination import PageRequest
from store.jobs.jobs import JobFilter, list_jobs
from store.settings import Settings
from store.statuses import JobStatus
from workers.context import WorkerContext
from workers.process.shutdown import ShutdownFlag
from workers.registry import KINDS
from workers.slices import run_slice


def open_worker_context(settings: Settings, name: str = "test") -> WorkerContext:
    """Return the context of a worker child with these settings."""
    database = Database(settings.database_url)
    return WorkerContext(database, open_blobs(settings), settings, name, ShutdownFlag(), KINDS)


def ask_before_steps(context: WorkerContext, is_over: Callable[[], bool]) -> None:
    """Let `is_over` say before each step whether the worker shuts down.

    The heartbeat's thread, which asks while a job is being opened, is answered False.
    """
    main = threading.main_thread()

    def is_set() -> bool:
        return threading.current_thread() is main and is_over()

    context.shutdown.is_set = is_set  # type: ignore[method-assign]


def train_waiting_jobs(settings: Settings) -> int:
    """Run slices until every job has ended; return the number of slices."""
    context = open_worker_context(settings)
    slices = 0
    try:
        while count_waiting(context.database):
            run_slice(context)
            slices += 1
    finally:
        context.database.close()
    return slices


def count_waiting(database: Database) -> int:
    """Return the number of jobs that are queued or running."""
    with database.reading() as session:
        return sum(
            len(list_jobs(session, kind, JobFilter(statuses=[status]), PageRequest(100)).items)
            for status in (JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.CANCELLING)
            for kind in KINDS
        )
