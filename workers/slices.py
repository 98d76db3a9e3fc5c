"""One slice of a job: claim it, train for a bounded time, then finish or release it.

A job runs as a sequence of slices, so that visibility timeouts, warm shutdown, pause, priority and
fairness need no mechanism of their own.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from engine.training.training import train
from store.blobs.blobs import BlobStore
from store.blobs.disk_cache import Cache
from store.blobs.tensors import pack_arrays
from store.db.database import Database
from store.environment import environment_fingerprint, numerics_of
from store.errors import LeaseLostError, StoreUnavailableError
from store.fault_injection import maybe_crash
from store.jobs.claims import claim_job
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, pause_held_job, record_environment, release_job
from store.jobs.progress import record_progress
from store.models import NewModel
from store.prepared.open import open_prepared_cache
from store.prepared.recent import RecentData
from store.settings import Settings
from store.statuses import JobStatus, StatusReason
from workers.failures import failure_of
from workers.heartbeat import Heartbeat
from workers.open_training import OpenTrainingCache, open_training
from workers.process.shutdown import ShutdownFlag
from workers.training_recorder import TrainingRecorder

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DATABASE_RETRY_SECONDS = 0.5
# Share of the training time; large states are checkpointed less often.
MAX_CHECKPOINT_SHARE = 0.05


@dataclass
class WorkerContext:
    """Resources of a worker process that every slice uses.

    Attributes:
        environment: fingerprint of the environment; equal ones produce bit-identical results.
        prepared: on-disk cache of prepared matrices, shared by the processes of this machine.
        recent: in-memory cache of small prepared tables of this process.
        cache: the open training of the last slice.
    """

    database: Database
    blobs: BlobStore
    settings: Settings
    name: str
    shutdown: ShutdownFlag
    environment: dict[str, Any] = field(default_factory=environment_fingerprint)
    prepared: Cache = field(init=False)
    recent: RecentData = field(default_factory=RecentData)
    cache: OpenTrainingCache = field(default_factory=OpenTrainingCache)

    def __post_init__(self) -> None:
        self.prepared = open_prepared_cache(self.settings)


def run_slice(context: WorkerContext) -> bool:
    """Claim a job, train it for one slice, and return whether it needs another slice.

    Raises StoreUnavailableError if the database is unreachable at the claim, or still unreachable
    while the worker shuts down; the job then resumes at its next claim.
    """
    with context.database.writing() as session:
        job = claim_job(
            session,
            context.name,
            context.settings.lease_seconds,
            context.settings.max_worker_losses,
            max_running=context.settings.max_running_jobs,
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
        recorder = self.context.cache.take(self.job)
        try:
            if recorder is None:
                recorder = open_training(self.context, self.job)
            outcome = self._train(recorder)
        except LeaseLostError:
            raise
        except StoreUnavailableError as error:
            # The outage is temporary and not the job's fault: a sweep redispatches the job.
            logger.warning("job %s is released: %s", self.job.id, error)
            self._retry_while_unreachable(self._release)
            return False
        except Exception as error:  # noqa: BLE001 - any error must end the job
            outcome = failure_of(error)
        if outcome is not None:
            self._end(outcome, recorder)
            return False
        if self.is_paused:
            return False
        self._retry_while_unreachable(self._release)
        if recorder is not None:
            self.context.cache.keep(self.job, recorder)
        return True

    def _train(self, recorder: TrainingRecorder) -> Outcome | None:
        """Train until the job or the slice ends; None if the job continues in a later slice."""
        # The slice starts after the data are read: slow reading must not leave it without steps.
        self.saved = self.checkpointed = time.monotonic()
        self.checkpointed_steps = recorder.training.steps_done
        self.ends = self.saved + self.context.settings.slice_seconds
        while self.status is not JobStatus.CANCELLING:
            recorder.begin()
            self._train_epochs(recorder)
            if self.is_paused:
                return None
            if recorder.is_out_of_time and recorder.training.reason is None:
                recorder.training.end("time_budget")
            recorder.end_training()
            if recorder.training.reason is not None:
                reason = StatusReason(recorder.training.reason)
                model = _model(recorder, partial=recorder.training.is_in_folds)
                return Outcome(JobStatus.SUCCEEDED, reason, model)
            if self.heartbeat.lost:
                raise LeaseLostError(self.job.id, self.job.token)
            if JobStatus.CANCELLING in (self.status, self.heartbeat.wanted):
                break
            self._save(recorder, with_checkpoint=True)
            if self.is_paused or self._is_over():
                return None
        partial = _model(recorder, partial=True) if recorder.training.steps_done else None
        return Outcome(JobStatus.CANCELLED, StatusReason.USER, partial)

    def _train_epochs(self, recorder: TrainingRecorder) -> None:
        """Train until a stop condition holds, saving on the way."""
        for epoch in train(recorder.training, stop=self._stop_for(recorder)):
            recorder.add(epoch)
            if time.monotonic() - self.saved >= self.context.settings.record_seconds:
                self._save(recorder, with_checkpoint=self._checkpoint_is_due(recorder))
                if self.status is not JobStatus.RUNNING:
                    return

    def _is_over(self) -> bool:
        """Whether the slice must end, whether or not the job has."""
        return self.context.shutdown.is_set() or time.monotonic() >= self.ends

    def _stop_for(self, recorder: TrainingRecorder) -> Callable[[], bool]:
        """Return the stop condition that the training evaluates before each step."""

        def should_stop() -> bool:
            recorder.on_step_begin()
            maybe_crash("mid_step", self.job.name)
            return (
                self.heartbeat.interrupted
                or self._is_over()
                or self._checkpoint_is_due(recorder)
                or recorder.is_out_of_time
            )

        return should_stop

    def _checkpoint_is_due(self, recorder: TrainingRecorder) -> bool:
        # At least one step per checkpoint: the job progresses however short the interval is.
        if recorder.training.steps_done == self.checkpointed_steps:
            return False
        interval = self.context.settings.checkpoint_seconds
        if interval > 0:
            interval = max(interval, recorder.checkpoint_cost / MAX_CHECKPOINT_SHARE)
        return time.monotonic() - self.checkpointed >= interval

    def _save(self, recorder: TrainingRecorder, *, with_checkpoint: bool) -> None:
        """Commit new records; with a checkpoint, also pause a job that is to be paused."""
        started = time.monotonic()
        checkpoint = recorder.checkpoint() if with_checkpoint else None

        def save() -> JobStatus:
            with self.context.database.writing() as session:
                if recorder.records_move:
                    record_environment(session, self.lease, recorder.environment)
                progress, unsaved = recorder.progress(), recorder.unsaved
                job = record_progress(session, self.lease, progress, unsaved, checkpoint)
                if checkpoint is None:
                    return job.status
                is_paused = pause_held_job(session, self.lease)
                maybe_crash("before_checkpoint_commit", self.job.name)
            return JobStatus.PAUSED if is_paused else job.status

        self.status = self._retry_while_unreachable(save)
        recorder.end_saving()
        self.saved = time.monotonic()
        if with_checkpoint:
            maybe_crash("after_checkpoint_commit", self.job.name)
            self.checkpointed = self.saved
            self.checkpointed_steps = recorder.training.steps_done
            recorder.checkpoint_cost = self.saved - started

    def _end(self, outcome: Outcome, recorder: TrainingRecorder | None) -> None:
        """End the job; if its results cannot be stored, end it without them."""
        try:
            self._finish(outcome, recorder)
        except (LeaseLostError, StoreUnavailableError):
            raise
        except Exception as error:
            logger.exception("the end of job %s could not be stored", self.job.id)
            has_failed = outcome.status is JobStatus.FAILED
            self._finish(outcome if has_failed else failure_of(error), None)

    def _finish(self, outcome: Outcome, recorder: TrainingRecorder | None) -> None:
        def finish() -> None:
            with self.context.database.writing() as session:
                progress = None if recorder is None else recorder.progress()
                unsaved = () if recorder is None else recorder.unsaved
                if recorder is not None and recorder.records_move:
                    record_environment(session, self.lease, recorder.environment)
                finish_job(session, self.lease, outcome, progress, unsaved)
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
                return write()
            except StoreUnavailableError as error:
                if self.heartbeat.lost or self.context.shutdown.is_set():
                    raise
                logger.warning("cannot reach the database, retrying: %s", error)
                time.sleep(DATABASE_RETRY_SECONDS)


def _model(recorder: TrainingRecorder, *, partial: bool = False) -> NewModel:
    weights = recorder.training.weights()
    found = recorder.training.cross_validation
    return NewModel(
        preprocessing=recorder.preprocessing,
        metrics=recorder.model_metrics,
        parameter_count=sum(array.size for array in weights.values()),
        weights=pack_arrays(weights),
        partial=partial,
        cross_validation=None if found is None else asdict(found),
        numerics=numerics_of(recorder.environment),
    )
