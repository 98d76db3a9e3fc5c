"""Progress reports of trainings: losses, metrics, events of epochs, and optionally a checkpoint."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.metrics import Metric
from engine.preprocessing.fitted import Classes
from engine.stored.versions import SPEC_VERSION
from engine.training.recovery import Restore
from store.jobs.checkpoints import Checkpoint, add_checkpoint, delete_checkpoints_after
from store.jobs.events import add_event
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job
from store.jobs.progress import JobProgress, update_progress
from store.jobs.training.losses import LossRecord, replace_losses
from store.jobs.training.thinning import thin_records


@dataclass(frozen=True)
class TrainingProgress(JobProgress):
    """Progress of a training; the fields are columns of `jobs`.

    While there are folds to do, epoch and metrics are those of the fold under way.
    """

    epoch: int = 0
    samples_per_second: float | None = None
    epochs_since_best: int = 0
    folds_done: int = 0
    cross_validation: dict[str, Any] | None = None
    latest_metrics: dict[str, Metric] | None = None
    best_metrics: dict[str, Metric] | None = None
    classes: Classes | None = None
    rows: dict[str, Any] | None = None

    @property
    def best_epoch(self) -> int | None:
        """The best epoch so far, from 0; None before the first has ended."""
        return None if self.best_metrics is None else self.epoch - 1 - self.epochs_since_best


def record_training_progress(
    session: Session,
    lease: Lease,
    progress: TrainingProgress,
    new_losses: Sequence[LossRecord],
    checkpoint: Checkpoint | None = None,
    *,
    restores: Sequence[Restore] = (),
) -> JobRecord:
    """Store losses, metrics and checkpoint together, under the lease. Raises LeaseLostError.

    Args:
        session: session of the transaction.
        lease: lease of the job.
        progress: the training's progress.
        new_losses: losses of the epochs since the last call.
        checkpoint: the training's state; None for none.
        restores: returns to an earlier state since the last call.
    """
    job = update_progress(session, lease, progress, has_checkpoint=checkpoint is not None)
    if checkpoint is not None and job.spec_version < SPEC_VERSION:
        # Earlier versions cannot read the checkpoint, so they must not claim the job either.
        upgraded = {"spec": job.upgraded_spec, "spec_version": SPEC_VERSION}
        job = update_held_job(session, lease, upgraded)
    replace_losses(session, lease.job_id, progress.epoch, new_losses)
    for restore in restores:
        # Checkpoints of the steps that were given up are not states of this training.
        delete_checkpoints_after(session, lease.job_id, restore.steps)
        add_event(session, job.id, "restored", asdict(restore), "warning")
    if new_losses:
        _add_epoch_events(session, lease.job_id, progress, new_losses)
    if checkpoint is not None:
        add_checkpoint(session, lease.job_id, checkpoint)
        # Only here and at the end: a training that is rescued finds what its checkpoint had.
        thin_records(session, lease.job_id, progress.epoch, progress.best_epoch)
    elif not new_losses and _has_folds(job):
        # No losses are stored for folds: the event reports progress to listeners instead.
        data = {"folds_done": progress.folds_done, "epoch": progress.epoch, "steps": progress.steps}
        add_event(session, job.id, "fold", data)
    return job


def _has_folds(job: JobRecord) -> bool:
    return "folds" in (job.upgraded_spec.get("validation") or {})


def _add_epoch_events(
    session: Session, job_id: str, progress: TrainingProgress, new_losses: Sequence[LossRecord]
) -> None:
    """Add an event for the latest epoch, and one for the best epoch if it is a new one.

    A rescued job reports the epochs that it repeats again.
    """
    latest = new_losses[-1]
    data = {
        "epoch": latest.epoch,
        "epochs": len(new_losses),
        "loss": latest.loss,
        "validation_loss": latest.validation_loss,
        "metrics": _scalars(latest.metrics),
        "learning_rate": latest.learning_rate,
    }
    add_event(session, job_id, "epoch", data)
    best = progress.best_epoch
    if progress.best_metrics is not None and best is not None and best >= new_losses[0].epoch:
        improved = {"epoch": best, "metrics": _scalars(progress.best_metrics)}
        add_event(session, job_id, "improved", improved)


def _scalars(metrics: dict[str, Metric]) -> dict[str, float]:
    """Return the metrics that are a single number."""
    return {name: value for name, value in metrics.items() if isinstance(value, float)}
