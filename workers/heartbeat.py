"""Thread that renews a job's lease during training and detects requests to stop."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from store.db.database import Database
from store.errors import LeaseLostError, StoreUnavailableError
from store.jobs.leases import Lease, find_held_status, renew_lease
from store.settings import Settings
from store.statuses import JobStatus

logger = logging.getLogger(__name__)

# How long a call that cannot be ended may still take after the job or the process is to end.
GRACE_SECONDS = 0.25


class Heartbeat:
    """Renews the lease every heartbeat_seconds and reads the status every watch_seconds.

    While the database is unreachable, training continues until the lease expires. It then pauses,
    because another worker may have claimed the job, until the database shows the current holder.
    """

    def __init__(self, database: Database, lease: Lease, settings: Settings) -> None:
        self._database = database
        self._lease = lease
        self._settings = settings
        self._stopped = threading.Event()
        self._wanted: JobStatus | None = JobStatus.RUNNING
        self._is_overdue = False
        self._leave: Callable[[], None] | None = None
        self._leaving = threading.Lock()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    @property
    def lost(self) -> bool:
        """Whether the lease is lost."""
        return self._wanted is None

    @property
    def wanted(self) -> JobStatus | None:
        """The job's status at the last read; None if the lease is lost."""
        return self._wanted

    @property
    def interrupted(self) -> bool:
        """Whether the job should stop between two steps: cancelled, paused, lost or overdue."""
        return self._is_overdue or self._wanted is not JobStatus.RUNNING

    @contextmanager
    def leaving(self, must_end: Callable[[], bool], leave: Callable[[], None]) -> Iterator[None]:
        """Call `leave` if the block still runs GRACE_SECONDS after it has to end.

        Args:
            must_end: whether the job or this process is to end.
            leave: called in the heartbeat's thread, during which the block does not end; it may
                end the process.
        """

        def leave_in_time() -> None:
            if must_end() and not self._is_overdue:
                time.sleep(GRACE_SECONDS)
                with self._leaving:
                    if self._leave is not None:
                        leave()

        self._leave = leave_in_time
        try:
            yield
        finally:
            with self._leaving:
                self._leave = None

    def _beat(self) -> None:
        renewed = time.monotonic()
        while not self._stopped.wait(self._settings.watch_seconds):
            try:
                if self._wanted is not None:
                    renewed = self._renew_or_watch(renewed)
                self._is_overdue = False
            except LeaseLostError:
                self._wanted = None
            except StoreUnavailableError as error:
                logger.warning("cannot reach the database: %s", error)
                self._is_overdue = self._has_run_out(renewed)
            except Exception:  # without a heartbeat the worker might train a job it has lost
                logger.exception("the lease could not be renewed, trying again")
                self._is_overdue = self._has_run_out(renewed)
            if self._leave is not None:
                self._leave_if_due(self._leave)
            elif self._wanted is None:
                return

    def _leave_if_due(self, leave: Callable[[], None]) -> None:
        try:
            leave()
        except Exception:  # tried again at the next beat
            logger.exception("the job could not be left")

    def _has_run_out(self, renewed: float) -> bool:
        """Return whether a lease renewed at that time may have expired."""
        return time.monotonic() - renewed > self._settings.lease_seconds

    def _renew_or_watch(self, renewed: float) -> float:
        if time.monotonic() - renewed < self._settings.heartbeat_seconds:
            with self._database.reading() as session:
                self._wanted = find_held_status(session, self._lease)
            return renewed
        with self._database.writing() as session:
            self._wanted = renew_lease(session, self._lease, self._settings.lease_seconds)
        return time.monotonic()
