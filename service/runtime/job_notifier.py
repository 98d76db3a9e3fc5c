"""Rings the doorbell outside the request's path, so that a silent broker delays no answer."""

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
from store.jobs.dispatch import mark_rung

logger = logging.getLogger(__name__)

STOP_SECONDS = 3.0
RETRY_SECONDS = 1.0
BATCH = 100
# Of the jobs that wait for a broker that is away; the oldest of more are left to the sweep.
MOST_WAITING = 10_000


class JobNotifier:
    """A thread that rings for jobs, and tries again every second when the broker is away.

    A ring that came at once is not noted: the time of the job's creation tells as much, and
    another transaction would compete with the worker's claim. One that came late is, so that no
    sweep repeats it.
    """

    def __init__(
        self, database: Database, doorbell: Broker, retry_seconds: float = RETRY_SECONDS
    ) -> None:
        self._database = database
        self._doorbell = doorbell
        self._retry_seconds = retry_seconds
        self._arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._waiting: deque[str] = deque(maxlen=MOST_WAITING)
        self._is_late = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)

    def start(self) -> None:
        """Start ringing."""
        self._thread.start()

    def stop(self) -> None:
        """Ring for what waits, and end; a broker that is silent is not waited for."""
        self._arrived.put(None)
        self._thread.join(STOP_SECONDS)

    def ring(self, job_id: str) -> None:
        """Ring for a job that has been committed; returns at once."""
        self._arrived.put(job_id)

    def _run(self) -> None:
        # Before the first job, which would otherwise wait for it.
        self._doorbell.load()
        while not self._stopping:
            self._gather()
            try:
                self._notify_all()
            except StoreError as error:
                self._note_failure(error)
            except Exception:  # a ringer that died unseen would leave every job to the sweep
                logger.exception("could not ring, trying again")
                self._is_late = True

    def _gather(self) -> None:
        """Wait for jobs to ring for; while the broker is away, until it is time to try again.

        Not at every job then: each failure takes longer than a request should.
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
            self._doorbell.ring(len(job_ids))
            maybe_crash("after_ring")
            for _ in job_ids:
                self._waiting.popleft()
            if self._is_late:
                self._note_late(job_ids)
        self._is_late = False

    def _note_late(self, job_ids: tuple[str, ...]) -> None:
        logger.warning("the broker is back: rang for %d job(s)", len(job_ids))
        try:
            with self._database.writing() as session:
                mark_rung(session, job_ids)
        except StoreError as error:
            logger.warning("could not note for whom was rung, a sweep rings again: %s", error)

    def _note_failure(self, error: StoreError) -> None:
        if not self._is_late:  # once for an outage, not every second
            logger.warning("could not ring, trying again until the broker is back: %s", error)
        self._is_late = True
