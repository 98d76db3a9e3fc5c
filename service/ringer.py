"""Rings the doorbell outside the request's path, so that a silent broker delays no answer."""

import logging
import queue
import threading

from store.crash_points import pass_crash_point
from store.database import Database
from store.doorbell import Doorbell
from store.errors import StoreError
from store.leases import mark_rung

logger = logging.getLogger(__name__)

STOP_SECONDS = 3.0


class Ringer:
    """A thread that rings for jobs. A ring that fails is left to the workers' sweep."""

    def __init__(self, database: Database, doorbell: Doorbell) -> None:
        self._database = database
        self._doorbell = doorbell
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="ringer", daemon=True)

    def start(self) -> None:
        """Start ringing."""
        self._thread.start()

    def stop(self) -> None:
        """Ring for what waits, and end; a broker that is silent is not waited for."""
        self._waiting.put(None)
        self._thread.join(STOP_SECONDS)

    def ring(self, job_id: str) -> None:
        """Ring for a job that has been committed; returns at once."""
        self._waiting.put(job_id)

    def _run(self) -> None:
        while (job_id := self._waiting.get()) is not None:
            job_ids = [job_id]
            while not self._waiting.empty() and len(job_ids) < 100:
                following = self._waiting.get()
                if following is None:
                    self._ring_for(tuple(job_ids))
                    return
                job_ids.append(following)
            self._ring_for(tuple(job_ids))

    def _ring_for(self, job_ids: tuple[str, ...]) -> None:
        try:
            self._doorbell.ring(len(job_ids))
            pass_crash_point("after_ring")
            with self._database.writing() as session:
                mark_rung(session, job_ids)
        except StoreError as error:
            logger.warning("could not ring for %d job(s), a sweep will: %s", len(job_ids), error)
