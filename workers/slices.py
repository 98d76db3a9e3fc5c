"""One turn of one job: claim it, train for a while, and end it or give it back.

A job is a sequence of slices, so that visibility timeouts, warm shutdown, pause, priority and
fairness need nothing of their own.
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
from store.errors import LeaseLostError, StoreUnavailableError
from store.fault_injection import maybe_crash
from store.jobs.claims import claim_job
from store.jobs.finish import Outcome, finish_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, note_environment, pause_held_job, release_job
from store.jobs.progress import record_progress
from store.models import NewModel
from store.settings import Settings
from store.statuses import JobStatus, StatusReason
from workers.environment import environment_fingerprint
from workers.failures import failure_of
from workers.heartbeat import Heartbeat
from workers.open_training import OpenTrainingCache, open_training
from workers.process.shutdown import ShutdownFlag
from workers.training_data import RecentData
from workers.training_recorder import TrainingRecorder

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

DATABASE_RETRY_SECONDS = 0.5
# Of the time that a job trains: large states are kept less often.
MAX_CHECKPOINT_SHARE = 0.05


@dataclass
class WorkerContext:
    """What a worker process has at hand for every slice.

    Attributes:
        environment: on what it trains; equal ones give equal bits.
        prepared: matrices that trainings run on, shared with the other processes of this machine.
        recent: small data that this process has prepared.
        cache: the last slice's training.
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
        folder = self.settings.data_dir / "cache" / "prepared"
        self.prepared = Cache(folder, self.settings.prepared_cache_bytes)


def run_slice(shop: WorkerContext) -> bool:
    """Claim a job and train it for one slice; tells whether it wants another one.

    Raises StoreUnavailableError when the database is away at the claim, or when it is still away
    while the worker leaves; the job then goes on wherever it is claimed next.
    """
    with shop.database.writing() as session:
        job = claim_job(
            session,
            shop.name,
            shop.settings.lease_seconds,
            shop.settings.max_worker_losses,
            max_running=shop.settings.max_running_jobs,
        )
    if job is None:
        return False
    maybe_crash("after_claim", job.name)
    lease = Lease(job.id, job.token)
    try:
        with Heartbeat(shop.database, lease, shop.settings) as heartbeat:
            return _Slice(shop, job, lease, heartbeat).run()
    except LeaseLostError as error:
        logger.warning("%s: leaving it to its new holder", error)
        return False


class _Slice:
    def __init__(
        self, shop: WorkerContext, job: JobRecord, lease: Lease, heartbeat: Heartbeat
    ) -> None:
        self.shop = shop
        self.job = job
        self.lease = lease
        self.heartbeat = heartbeat
        # As the last save has seen or left it; the heartbeat may come to know later.
        self.status = job.status

    @property
    def is_paused(self) -> bool:
        """Whether a save has paused the job, and with it given the lease back."""
        return self.status is JobStatus.PAUSED

    def run(self) -> bool:
        ledger = self.shop.cache.take(self.job)
        try:
            if ledger is None:
                ledger = open_training(self.shop, self.job)
            outcome = self._train(ledger)
        except LeaseLostError:
            raise
        except StoreUnavailableError as error:
            # What is away comes back, and the job is not to blame: a sweep rings for it then.
            logger.warning("job %s is given back: %s", self.job.id, error)
            self._patiently(self._release)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it was, the job must end
            outcome = failure_of(error)
        if outcome is not None:
            self._end(outcome, ledger)
            return False
        if self.is_paused:
            return False
        self._patiently(self._release)
        if ledger is not None:
            self.shop.cache.keep(self.job, ledger)
        return True

    def _train(self, ledger: TrainingRecorder) -> Outcome | None:
        """Train until the job or the slice ends; None means that the job goes on later."""
        # From here: a table that takes longer to read than a slice lasts still gets its steps.
        self.saved = self.checkpointed = time.monotonic()
        self.checkpointed_steps = ledger.training.steps_done
        self.ends = self.saved + self.shop.settings.slice_seconds
        while self.status is not JobStatus.CANCELLING:
            ledger.begin()
            self._train_epochs(ledger)
            if self.is_paused:
                return None
            if ledger.is_out_of_time and ledger.training.reason is None:
                ledger.training.end("time_budget")
            ledger.end_training()
            if ledger.training.reason is not None:
                reason = StatusReason(ledger.training.reason)
                model = _model(ledger, partial=ledger.training.is_in_folds)
                return Outcome(JobStatus.SUCCEEDED, reason, model)
            if self.heartbeat.lost:
                raise LeaseLostError(self.job.id, self.job.token)
            if JobStatus.CANCELLING in (self.status, self.heartbeat.wanted):
                break
            self._save(ledger, with_checkpoint=True)
            if self.is_paused or self._is_over():
                return None
        partial = _model(ledger, partial=True) if ledger.training.steps_done else None
        return Outcome(JobStatus.CANCELLED, StatusReason.USER, partial)

    def _train_epochs(self, ledger: TrainingRecorder) -> None:
        """Train until something wants the training stopped, and save it on the way."""
        for epoch in train(ledger.training, stop=self._stop_for(ledger)):
            ledger.add(epoch)
            if time.monotonic() - self.saved >= self.shop.settings.record_seconds:
                self._save(ledger, with_checkpoint=self._checkpoint_is_due(ledger))
                if self.status is not JobStatus.RUNNING:
                    return

    def _is_over(self) -> bool:
        """Whether the slice ends, whatever becomes of the job."""
        return self.shop.shutdown.is_set() or time.monotonic() >= self.ends

    def _stop_for(self, ledger: TrainingRecorder) -> Callable[[], bool]:
        """What is asked before each step of this job."""

        def should_stop() -> bool:
            ledger.note_step()
            maybe_crash("mid_step", self.job.name)
            return (
                self.heartbeat.interrupted
                or self._is_over()
                or self._checkpoint_is_due(ledger)
                or ledger.is_out_of_time
            )

        return should_stop

    def _checkpoint_is_due(self, ledger: TrainingRecorder) -> bool:
        # Not before a step was done: however short the interval is, the job gets on.
        if ledger.training.steps_done == self.checkpointed_steps:
            return False
        interval = self.shop.settings.checkpoint_seconds
        if interval > 0:
            interval = max(interval, ledger.checkpoint_cost / MAX_CHECKPOINT_SHARE)
        return time.monotonic() - self.checkpointed >= interval

    def _save(self, ledger: TrainingRecorder, *, with_checkpoint: bool) -> None:
        """Commit what is new, and leave a job that is pausing once a checkpoint is kept."""
        started = time.monotonic()
        checkpoint = ledger.checkpoint() if with_checkpoint else None

        def save() -> JobStatus:
            with self.shop.database.writing() as session:
                if ledger.records_move:
                    note_environment(session, self.lease, ledger.environment)
                progress, unsaved = ledger.progress(), ledger.unsaved
                job = record_progress(session, self.lease, progress, unsaved, checkpoint)
                if checkpoint is None:
                    return job.status
                is_paused = pause_held_job(session, self.lease)
                maybe_crash("before_checkpoint_commit", self.job.name)
            return JobStatus.PAUSED if is_paused else job.status

        self.status = self._patiently(save)
        ledger.end_saving()
        self.saved = time.monotonic()
        if with_checkpoint:
            maybe_crash("after_checkpoint_commit", self.job.name)
            self.checkpointed = self.saved
            self.checkpointed_steps = ledger.training.steps_done
            ledger.checkpoint_cost = self.saved - started

    def _end(self, outcome: Outcome, ledger: TrainingRecorder | None) -> None:
        """End the job, without what its training has left if that cannot be stored."""
        try:
            self._finish(outcome, ledger)
        except (LeaseLostError, StoreUnavailableError):
            raise
        except Exception as error:
            logger.exception("the end of job %s could not be stored", self.job.id)
            has_failed = outcome.status is JobStatus.FAILED
            self._finish(outcome if has_failed else failure_of(error), None)

    def _finish(self, outcome: Outcome, ledger: TrainingRecorder | None) -> None:
        def finish() -> None:
            with self.shop.database.writing() as session:
                progress = None if ledger is None else ledger.progress()
                unsaved = () if ledger is None else ledger.unsaved
                if ledger is not None and ledger.records_move:
                    note_environment(session, self.lease, ledger.environment)
                finish_job(session, self.lease, outcome, progress, unsaved)
                maybe_crash("before_terminal_commit", self.job.name)

        self._patiently(finish)
        maybe_crash("after_terminal_commit", self.job.name)
        logger.info("job %s %s: %s", self.job.id, outcome.status, outcome.reason)

    def _release(self) -> None:
        with self.shop.database.writing() as session:
            release_job(session, self.lease)

    def _patiently(self, write: Callable[[], Result]) -> Result:
        """Write, and while the database is away wait for it.

        Longer than the lease lasts, too: as long as nobody else has claimed the job, the token is
        good. A worker that leaves waits for nothing.
        """
        while True:
            try:
                return write()
            except StoreUnavailableError as error:
                if self.heartbeat.lost or self.shop.shutdown.is_set():
                    raise
                logger.warning("cannot reach the database, trying again: %s", error)
                time.sleep(DATABASE_RETRY_SECONDS)


def _model(ledger: TrainingRecorder, *, partial: bool = False) -> NewModel:
    weights = ledger.training.weights()
    found = ledger.training.cross_validation
    return NewModel(
        preprocessing=ledger.preprocessing,
        metrics=ledger.model_metrics,
        parameter_count=sum(array.size for array in weights.values()),
        weights=pack_arrays(weights),
        partial=partial,
        cross_validation=None if found is None else asdict(found),
    )
