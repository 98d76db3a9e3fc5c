"""Maintenance that reads much: recounts of quotas, blobs without a row, webhooks of ended jobs."""

import logging
import threading

from store.blobs.blobs import BlobStore
from store.blobs.orphans import delete_orphans
from store.db.database import Database
from store.db.instance import claim_slow_sweep
from store.errors import StoreError
from store.quotas import list_counted_owners, recount
from store.usage.recount import count_records
from store.webhooks.webhooks import delete_ended_webhooks

logger = logging.getLogger(__name__)

SLOW_SWEEP_SECONDS = 3_600.0
# How often each worker looks whether the sweep is due; one of them does it.
CHECK_SECONDS = 60.0


class SlowSweep:
    """Runs the slow maintenance once an hour, in one of all workers.

    Args:
        database: the database.
        blobs: the blob store.
        ended_seconds: retention of webhooks of ended jobs.
    """

    def __init__(self, database: Database, blobs: BlobStore, ended_seconds: float) -> None:
        self._database, self._blobs = database, blobs
        self._ended_seconds = ended_seconds

    def start(self) -> None:
        """Sweep when it is due, until the process ends, in a thread of its own."""
        threading.Thread(target=self._run, name="slow sweep", daemon=True).start()

    def _run(self) -> None:
        timer = threading.Event()
        while True:
            try:
                self.sweep_if_due()
            except StoreError as error:
                logger.warning("slow sweep failed, retrying later: %s", error)
            except Exception:  # the next one may succeed
                logger.exception("slow sweep failed, retrying later")
            timer.wait(CHECK_SECONDS)

    def sweep_if_due(self) -> bool:
        """Sweep unless a worker has done so in the last hour; return whether it was due.

        Raises StoreUnavailableError.
        """
        with self._database.writing() as session:
            if not claim_slow_sweep(session, SLOW_SWEEP_SECONDS):
                return False
        self.sweep()
        return True

    def sweep(self) -> None:
        """Run every task once. Raises StoreUnavailableError."""
        with self._database.writing() as session:
            delete_ended_webhooks(session, self._ended_seconds)
        self._recount()
        delete_orphans(self._database, self._blobs)

    def _recount(self) -> None:
        with self._database.reading() as session:
            owners = list_counted_owners(session)
        for owner in owners:
            # Outside of the transaction that locks the counters: it reads all losses and events.
            with self._database.reading() as session:
                records = count_records(session, owner)
            with self._database.writing() as session:
                drift = recount(session, owner, records)
            wrong = {name: by for name, by in drift.items() if by and name != "records"}
            if wrong:
                logger.warning("stored bytes of owner %r were counted wrong by %s", owner, wrong)
