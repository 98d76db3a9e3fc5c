"""Periodic maintenance: announce the worker, redispatch jobs, fail lost jobs, delete old data.

Any number of sweepers may run concurrently, on any machine.
"""

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from typing import Any

from engine.errors import LaterVersionError
from engine.stored.versions import SPEC_VERSION
from store.blobs.blobs import BlobStore
from store.broker import Broker
from store.datasets.deletion import (
    delete_dataset_row,
    list_abandoned_datasets,
    mark_dataset_deleted,
)
from store.db.database import Database
from store.errors import StoreError
from store.idempotency import delete_expired_keys
from store.jobs.commands import finish_interrupted_pauses
from store.jobs.dispatch import (
    list_later_version_jobs,
    list_undispatched_jobs,
    mark_dispatched,
)
from store.jobs.lost import fail_lost_jobs, mark_stalled_jobs
from store.jobs.unknown_kinds import count_unknown_kinds, describe_unknown_kind
from store.settings import Settings
from store.uploads import delete_parts, delete_upload, list_expired_uploads
from store.webhooks.deliveries import delete_finished_deliveries
from store.workers import announce_worker, delete_lost_workers
from workers.sweep.slow_sweep import SlowSweep

logger = logging.getLogger(__name__)

DISPATCHES_PER_SWEEP = 100
ABANDONED_AFTER_SECONDS = 3600
WORKER_LOST_AFTER_SWEEPS = 12
# Retention of finished webhook deliveries.
DELIVERIES_KEPT_SECONDS = 7 * 86_400


class Sweeper:
    """Runs the periodic maintenance, once or continuously in a background thread.

    Jobs of kinds that the worker does not know are left alone, and reported once per kind.
    """

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        broker: Broker,
        settings: Settings,
        worker: str,
        environment: Mapping[str, Any],
        is_idle: Callable[[], bool],
        kinds: Collection[str],
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._broker = broker
        self._settings = settings
        self._worker = worker
        self._environment = environment
        self._is_idle = is_idle
        self._kinds = kinds
        self._reported: set[str] = set()

    def start(self) -> None:
        """Sweep now and every sweep_seconds until the process ends, and start the slow sweep."""
        SlowSweep(self._database, self._blobs, DELIVERIES_KEPT_SECONDS).start()
        threading.Thread(target=self._run, name="sweeper", daemon=True).start()

    def _run(self) -> None:
        timer = threading.Event()
        # A worker that has just started publishes every waiting job: its predecessor may have
        # consumed their messages without training them.
        quiet_seconds = 0.0
        while True:
            try:
                self.sweep(quiet_seconds)
                quiet_seconds = self._settings.redispatch_seconds
            except StoreError as error:
                logger.warning("sweep failed, retrying: %s", error)
            except Exception:  # without a sweeper, lost jobs would not be rescued
                logger.exception("sweep failed, retrying")
            timer.wait(self._settings.sweep_seconds)

    def sweep(self, quiet_seconds: float) -> None:
        """Run every maintenance task once. Raises StoreUnavailableError.

        Args:
            quiet_seconds: redispatch jobs whose last dispatch is at least this long ago.
        """
        with self._database.writing() as session:
            announce_worker(session, self._worker, self._environment)
            delete_lost_workers(session, WORKER_LOST_AFTER_SWEEPS * self._settings.sweep_seconds)
            for job_id in mark_stalled_jobs(session, self._kinds):
                logger.warning("job %s has lost its worker", job_id)
            finish_interrupted_pauses(session, self._kinds)
            losses = self._settings.max_worker_losses
            for job_id in fail_lost_jobs(session, self._kinds, losses):
                logger.error("job %s lost its worker too often: failed", job_id)
        self._redispatch(quiet_seconds)
        self._report_later_versions()
        self._report_unknown_kinds()
        self._delete_abandoned_datasets()
        self._delete_expired_uploads()
        with self._database.writing() as session:
            delete_expired_keys(session)
            delete_finished_deliveries(session, DELIVERIES_KEPT_SECONDS)

    def _redispatch(self, quiet_seconds: float) -> None:
        # An idle child means an empty broker queue: any waiting job was not published, or its
        # message was lost. While a child is busy, further messages would only accumulate.
        if not self._is_idle():
            return
        with self._database.reading() as session:
            waiting = list_undispatched_jobs(
                session, self._kinds, quiet_seconds, DISPATCHES_PER_SWEEP
            )
        if not waiting:
            return
        self._broker.publish(len(waiting))
        with self._database.writing() as session:
            mark_dispatched(session, waiting)

    def _report_later_versions(self) -> None:
        """Log each waiting job that only a later version can work on, once."""
        with self._database.reading() as session:
            found = list_later_version_jobs(session, self._kinds)
        for job_id in found.keys() - self._reported:
            error = LaterVersionError("spec", found[job_id], SPEC_VERSION)
            logger.warning("job %s is left to later workers: %s", job_id, error)
        self._reported |= found.keys()

    def _report_unknown_kinds(self) -> None:
        """Log each kind of unfinished jobs that this version does not know, once."""
        with self._database.reading() as session:
            found = count_unknown_kinds(session, self._kinds)
        for kind in found.keys() - self._reported:
            logger.warning("%s", describe_unknown_kind(kind, found[kind]))
        self._reported |= found.keys()

    def _delete_abandoned_datasets(self) -> None:
        with self._database.reading() as session:
            abandoned = list_abandoned_datasets(session, ABANDONED_AFTER_SECONDS)
        for dataset_id in abandoned:
            with self._database.writing() as session:
                blob = mark_dataset_deleted(session, dataset_id)
            if blob is not None:
                self._blobs.delete_blob(blob)
            with self._database.writing() as session:
                delete_dataset_row(session, dataset_id)

    def _delete_expired_uploads(self) -> None:
        with self._database.reading() as session:
            expired = list_expired_uploads(session)
        for upload_id in expired:
            delete_parts(self._blobs, upload_id)
            with self._database.writing() as session:
                delete_upload(session, upload_id)
