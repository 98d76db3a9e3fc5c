"""A thread that samples the leases during a run, to measure how long jobs are orphaned."""

import threading
from types import TracebackType
from typing import Self

from sqlalchemy import func, select

from store.db.clock import now
from store.db.database import Database
from store.db.tables import jobs
from store.errors import StoreUnavailableError
from store.statuses import HELD

SAMPLE_SECONDS = 0.25


class OrphanWatch:
    """Measures the longest time that a lease was expired and unclaimed, on the database's clock."""

    def __init__(self, database: Database) -> None:
        self.longest_seconds = 0.0
        self._database = database
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="orphans", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop sampling; idempotent."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(SAMPLE_SECONDS):
            try:
                self._sample()
            except StoreUnavailableError:
                continue  # the database was killed by the suite

    def _sample(self) -> None:
        with self._database.reading() as session:
            oldest, moment = session.execute(
                select(func.min(jobs.c.lease_expires_at), now()).where(jobs.c.status.in_(HELD))
            ).one()
        if oldest is not None:
            overdue = (moment - oldest).total_seconds()
            self.longest_seconds = max(self.longest_seconds, overdue)
