"""Publication of jobs outside the request path: an unresponsive broker delays no response."""

import logging
import queue
import threading
import time
from collections import deque
from contextlib import suppress
from itertools import islice

from store.broker import Broker
from store.db.database import Database
from store.errors import StoreError
from store.fault_injection import maybe_crash
from store.jobs.dispatch import mark_dispatched

logger = logging.getLogger(__name__)

STOP_SECONDS = 3.0
RETRY_SECONDS = 1.0
BATCH = 100
# Maximum jobs that wait for an unavailable broker; beyond it, the oldest are left to the sweep.
MAX_WAITING = 10_000


class JobNotifier:
    """A thread that publishes jobs, and retries every second while the broker is unavailable.

    An immediate publication is not recorded: the job's creation time implies it, and another
    transaction would compete with the worker's claim. A late one is recorded, so that the sweep
    does not publish the job again.
    """

    def __init__(
        self, database: Database, broker: Broker, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._database = database
        self._broker = broker
        self._retry_seconds = retry_seconds
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting: deque[str] = deque(maxlen=MAX_WAITING)
        self._is_late = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="job-notifier", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Publish waiting jobs and stop; waits at most STOP_SECONDS for the broker."""
        self._arrived.put(None)
        self._thread.join(STOP_SECONDS)

    def notify(self, job_id: str) -> None:
        """Publish a message for a committed job; does not block."""
        self._arrived.put(job_id)

    def _run(self) -> None:
        # Import Celery before the first job, which would otherwise wait for the import.
        self._broker.load()
        while not self._stopping:
            self._collect()
            try:
                self._notify_all()
            except StoreError as error:
                self._log_failure(error)
            except Exception:  # a dead thread would leave every job to the sweep
                logger.exception("could not publish, trying again")
                self._is_late = True

    def _collect(self) -> None:
        """Wait for jobs to publish; while the broker is unavailable, until the next retry.

        Retrying per job would fail too often: each failure takes longer than a request should.
        """
        seconds = self._retry_seconds if self._is_late else None
        due = time.monotonic() + (seconds or 0.0)
        with suppress(queue.Empty):
            job_id = self._arrived.get(timeout=seconds)
            while job_id is not None:
                self._waiting.append(job_id)
                job_id = self._arrived.get(timeout=max(0.0, due - time.monotonic()))
            self._stopping = True

    def _notify_all(self) -> None:
        while self._waiting:
            job_ids = tuple(islice(self._waiting, BATCH))
            self._broker.publish(len(job_ids))
            maybe_crash("after_publish")
            for _ in job_ids:
                self._waiting.popleft()
            if self._is_late:
                self._record_late(job_ids)
        self._is_late = False

    def _record_late(self, job_ids: tuple[str, ...]) -> None:
        logger.warning("the broker is available again: published %d job(s)", len(job_ids))
        try:
            with self._database.writing() as session:
                mark_dispatched(session, job_ids)
        except StoreError as error:
            logger.warning("could not record the publication, the sweep will repeat it: %s", error)

    def _log_failure(self, error: StoreError) -> None:
        if not self._is_late:  # once per outage, not every second
            logger.warning(
                "could not publish jobs, retrying until the broker is available: %s", error
            )
        self._is_late = True
