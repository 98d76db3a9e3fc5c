"""One slice of a job of any kind: claim it, work for a bounded time, then finish or release it.

A job runs as a sequence of slices, so that visibility timeouts, warm shutdown, pause, priority and
fairness need no mechanism of their own.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from store.errors import LeaseLostError, StoreUnavailableError
from store.fault_injection import maybe_crash
from store.jobs.claims import claim_job
from store.jobs.findings import add_findings, new_findings
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, pause_held_job, record_environment, release_job
from store.statuses import JobStatus, StatusReason
from workers.context import WorkerContext
from workers.failures import failure_of
from workers.heartbeat import Heartbeat
from workers.kinds import OpenWork, Session
from workers.process.memory_limit import JobMemoryError
from workers.process.opening import leave_opening

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DATABASE_RETRY_SECONDS = 0.5
# Share of the working time; large states are checkpointed less often.
MAX_CHECKPOINT_SHARE = 0.05


class _Ending(NamedTuple):
    """How a job ends, and the result to store; None without one."""

    outcome: Outcome
    result: Any = None


def run_slice(context: WorkerContext) -> bool:
    """Claim a job, work on it for one slice, and return whether it needs another slice.

    Raises StoreUnavailableError if the database is unreachable at the claim, or still unreachable
    while the worker shuts down; the job then resumes at its next claim.
    """
    with context.database.writing() as session:
        job = claim_job(
            session,
            context.name,
            context.settings.lease_seconds,
            context.settings.max_worker_losses,
            kinds=context.kinds,
            max_running=context.settings.max_running_jobs,
            environment=context.environment_sha256,
        )
    if job is None:
        return False
    maybe_crash("after_claim", job.name)
    lease = Lease(job.id, job.token)
    try:
        with Heartbeat(context.database, lease, context.settings) as heartbeat:
            return _Slice(context, job, lease, heartbeat).run()
    except LeaseLostError as error:
        logger.warning("%s: leaving the job to its new holder", error)
        return False


class _Slice:
    def __init__(
        self, context: WorkerContext, job: JobRecord, lease: Lease, heartbeat: Heartbeat
    ) -> None:
        self.context = context
        self.kind = context.kinds[job.kind]
        self.job = job
        self.lease = lease
        self.heartbeat = heartbeat
        # The status at the last save; the heartbeat learns of a change later.
        self.status = job.status

    @property
    def is_paused(self) -> bool:
        """Whether a save has paused the job and returned its lease."""
        return self.status is JobStatus.PAUSED

    def run(self) -> bool:
        """Run the slice, and return whether the job needs another one."""
        self.work = self.context.cache.take(self.job)
        if self.work is None:
            self.context.memory.begin_job()
        needs_more = False
        try:
            needs_more = self._run()
        finally:
            if self.work is not None and not needs_more:
                self.work.close()
        if needs_more and self.work is not None:
            self.context.cache.keep(self.job, self.work)
        else:
            self.work = None
            self.context.memory.end_job()
        return needs_more

    def _run(self) -> bool:
        try:
            if self.work is None:
                with self.context.memory.applied():
                    self.work = self._open()
            with self.context.memory.applied():
                ending = self._advance(self.work)
        except LeaseLostError:
            raise
        except StoreUnavailableError as error:
            # The outage is temporary and not the job's fault: a sweep redispatches the job.
            logger.warning("job %s is released: %s", self.job.id, error)
            self._retry_while_unreachable(self._release)
            return False
        except Exception as error:  # noqa: BLE001 - any error must end the job
            ending = _Ending(self._failure_of(error))
        if ending is not None:
            self._end(ending)
            return False
        if self.is_paused:
            return False
        self._retry_while_unreachable(self._release)
        return True

    def _open(self) -> OpenWork[Any]:
        with self.heartbeat.leaving(self._must_end, self._leave):
            return self.kind.open(self.context, self.job)

    def _leave(self) -> None:
        if leave_opening(self.context.database, self.lease, self.kind.fail):
            self.context.end_process()

    def _failure_of(self, error: Exception) -> Outcome:
        found = None
        if self.work is not None:
            try:
                with self.context.memory.applied():
                    found = self.work.failure_of(error, self._must_end)
            except JobMemoryError as memory_error:
                error = memory_error
        return found or self.kind.failure_of(error) or failure_of(error)

    def _must_end(self) -> bool:
        """Whether the job or this process is to end, however long the slice may still take."""
        return self.heartbeat.interrupted or self.context.shutdown.is_set()

    def _advance(self, work: OpenWork[Any]) -> _Ending | None:
        """Work until the job or the slice ends; None if the job continues in a later slice."""
        # The slice starts after the work is opened: slow reading must not leave it without steps.
        self.saved = self.checkpointed = time.monotonic()
        self.checkpointed_steps = work.steps_done
        self.ends = self.saved + self.context.settings.slice_seconds
        self._record_findings(work)
        while self.status is not JobStatus.CANCELLING:
            self._work_until_stopped(work)
            if self.is_paused:
                return None
            reason = work.end_run()
            if reason is not None:
                result = work.make_result(is_complete=True, stop=self._must_end)
                return _Ending(Outcome(JobStatus.SUCCEEDED, reason), result)
            if self.heartbeat.lost:
                raise LeaseLostError(self.job.id, self.job.token)
            if JobStatus.CANCELLING in (self.status, self.heartbeat.wanted):
                break
            self._save(work, with_checkpoint=True)
            if self.is_paused or self._is_over():
                return None
        partial = work.make_result(is_complete=False, stop=self._must_end)
        return _Ending(Outcome(JobStatus.CANCELLED, StatusReason.USER), partial)

    def _record_findings(self, work: OpenWork[Any]) -> None:
        """Record what opening the work has found, before its first step."""
        if not new_findings(self.job, work.findings):
            return

        def record() -> JobRecord:
            with self.context.database.writing() as session:
                return add_findings(session, self.lease, work.findings)

        self.job = self._retry_while_unreachable(record)

    def _work_until_stopped(self, work: OpenWork[Any]) -> None:
        """Work until a stop condition holds, saving on the way."""
        for _ in work.run(self._stop_for(work), self._must_end):
            if time.monotonic() - self.saved >= self.context.settings.record_seconds:
                self._save(work, with_checkpoint=self._checkpoint_is_due(work))
                if self.status is not JobStatus.RUNNING:
                    return

    def _is_over(self) -> bool:
        """Whether the slice must end, whether or not the job has."""
        return self.context.shutdown.is_set() or time.monotonic() >= self.ends

    def _stop_for(self, work: OpenWork[Any]) -> Callable[[], bool]:
        """Return the stop condition that the work evaluates before each step."""

        def should_stop() -> bool:
            maybe_crash("mid_step", self.job.name)
            return self.heartbeat.interrupted or self._is_over() or self._checkpoint_is_due(work)

        return should_stop

    def _checkpoint_is_due(self, work: OpenWork[Any]) -> bool:
        # At least one step per checkpoint: the job progresses however short the interval is.
        if work.steps_done == self.checkpointed_steps:
            return False
        interval = self.context.settings.checkpoint_seconds
        if interval > 0:
            interval = min(interval, work.milestone_seconds)
            interval = max(interval, work.checkpoint_cost / MAX_CHECKPOINT_SHARE)
        return time.monotonic() - self.checkpointed >= interval

    def _save(self, work: OpenWork[Any], *, with_checkpoint: bool) -> None:
        """Commit new records; with a checkpoint, also pause a job that is to be paused."""
        started = time.monotonic()
        checkpoint = work.checkpoint() if with_checkpoint else None

        def save() -> JobRecord:
            with self.context.database.writing() as session:
                self._record_news(session, work)
                job = work.save(session, self.lease, checkpoint)
                if checkpoint is None:
                    return job
                if pause_held_job(session, self.lease):
                    job = replace(job, status=JobStatus.PAUSED)
                maybe_crash("before_checkpoint_commit", self.job.name)
            return job

        self.job = self._retry_while_unreachable(save)
        self.status = self.job.status
        work.end_saving()
        work.exactness.end_saving()
        self.saved = time.monotonic()
        if with_checkpoint:
            maybe_crash("after_checkpoint_commit", self.job.name)
            self.checkpointed = self.saved
            self.checkpointed_steps = work.steps_done
            work.checkpoint_cost = self.saved - started

    def _record_news(self, session: Session, work: OpenWork[Any]) -> None:
        """Record a move to another environment, and findings since the last save."""
        if work.exactness.records_move:
            record_environment(session, self.lease, work.exactness.environment)
        if new_findings(self.job, work.findings):
            add_findings(session, self.lease, work.findings)

    def _end(self, ending: _Ending) -> None:
        """End the job; if its results cannot be stored, end it without them."""
        try:
            self._finish(ending, self.work)
        except (LeaseLostError, StoreUnavailableError):
            raise
        except Exception as error:
            logger.exception("the end of job %s could not be stored", self.job.id)
            has_failed = ending.outcome.status is JobStatus.FAILED
            outcome = ending.outcome if has_failed else self._failure_of(error)
            self._finish(_Ending(outcome), None)

    def _finish(self, ending: _Ending, work: OpenWork[Any] | None) -> None:
        outcome, result = ending

        def finish() -> None:
            with self.context.database.writing() as session:
                if work is None:
                    self.kind.fail(session, self.lease, outcome)
                else:
                    self._record_news(session, work)
                    work.finish(session, self.lease, outcome, result)
                maybe_crash("before_terminal_commit", self.job.name)

        self._retry_while_unreachable(finish)
        maybe_crash("after_terminal_commit", self.job.name)
        logger.info("job %s %s: %s", self.job.id, outcome.status, outcome.reason)

    def _release(self) -> None:
        with self.context.database.writing() as session:
            release_job(session, self.lease)

    def _retry_while_unreachable(self, write: Callable[[], Result]) -> Result:
        """Write, retrying while the database is unreachable.

        Retries continue after the lease has expired: the token stays valid until another worker
        claims the job. A worker that is shutting down does not retry.
        """
        while True:
            try:
                # A failed allocation in a client library would look like a lost connection.
                with self.context.memory.lifted():
                    return write()
            except StoreUnavailableError as error:
                if self.heartbeat.lost or self.context.shutdown.is_set():
                    raise
                logger.warning("cannot reach the database, retrying: %s", error)
                time.sleep(DATABASE_RETRY_SECONDS)
