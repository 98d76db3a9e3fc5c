"""Progress reports of workers: losses, metrics, and optionally a checkpoint."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from engine.stored.versions import SPEC_VERSION
from store.db.tables import jobs, losses
from store.errors import NotFoundError
from store.jobs.checkpoints import Checkpoint, add_checkpoint
from store.jobs.events import add_event
from store.jobs.findings import add_gradient_finding
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease, update_held_job


@dataclass(frozen=True)
class LossRecord:
    """Losses and metrics of one epoch; epochs count from 0."""

    epoch: int
    loss: float
    validation_loss: float | None
    metrics: dict[str, Metric]
    learning_rate: float
    gradient_norm: float | None
    seconds: float
    layers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class JobProgress:
    """Progress of a job; the fields are columns of `jobs`. Durations are in seconds.

    While there are folds to do, epoch and metrics are those of the fold under way. The environment
    is that in which the last step was trained; exact says whether all steps were trained in equal
    ones.
    """

    epoch: int = 0
    steps: int = 0
    samples_per_second: float | None = None
    epochs_since_best: int = 0
    folds_done: int = 0
    cross_validation: dict[str, Any] | None = None
    latest_metrics: dict[str, Metric] | None = None
    best_metrics: dict[str, Metric] | None = None
    preparing_seconds: float = 0.0
    training_seconds: float = 0.0
    saving_seconds: float = 0.0
    environment: dict[str, Any] | None = None
    exact: bool = True


def record_progress(
    session: Session,
    lease: Lease,
    progress: JobProgress,
    new_losses: Sequence[LossRecord],
    checkpoint: Checkpoint | None = None,
) -> JobRecord:
    """Store losses, metrics and checkpoint together, under the lease. Raises LeaseLostError."""
    values = asdict(progress)
    if checkpoint is not None:
        # A checkpoint resets the count: only consecutive worker losses fail a job.
        values["worker_losses"] = 0
    job = update_held_job(session, lease, values)
    if checkpoint is not None and job.spec_version < SPEC_VERSION:
        # Earlier versions cannot read the checkpoint, so they must not claim the job either.
        upgraded = {"spec": job.upgraded_spec, "spec_version": SPEC_VERSION}
        job = update_held_job(session, lease, upgraded)
    _replace_losses(session, lease.job_id, progress.epoch, new_losses)
    if new_losses:
        _add_epoch_events(session, lease.job_id, progress, new_losses)
    overflowed = next((loss.epoch for loss in new_losses if loss.gradient_norm is None), None)
    if overflowed is not None:
        add_gradient_finding(session, lease.job_id, overflowed)
    if checkpoint is not None:
        add_checkpoint(session, lease.job_id, checkpoint)
    elif not new_losses and _has_folds(job):
        # No losses are stored for folds: the event reports progress to listeners instead.
        data = {"folds_done": progress.folds_done, "epoch": progress.epoch, "steps": progress.steps}
        add_event(session, job.id, "fold", data)
    return job


def _has_folds(job: JobRecord) -> bool:
    return "folds" in (job.upgraded_spec.get("validation") or {})


def _replace_losses(
    session: Session, job_id: str, epochs: int, new_losses: Sequence[LossRecord]
) -> None:
    # A rescued job repeats the epochs after its checkpoint, with the same results.
    first = new_losses[0].epoch if new_losses else epochs
    session.execute(delete(losses).where(losses.c.job_id == job_id, losses.c.epoch >= first))
    if new_losses:
        session.execute(insert(losses), [{"job_id": job_id, **asdict(loss)} for loss in new_losses])


def _add_epoch_events(
    session: Session, job_id: str, progress: JobProgress, new_losses: Sequence[LossRecord]
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
    best = progress.epoch - 1 - progress.epochs_since_best
    if progress.best_metrics is not None and best >= new_losses[0].epoch:
        improved = {"epoch": best, "metrics": _scalars(progress.best_metrics)}
        add_event(session, job_id, "improved", improved)


def _scalars(metrics: dict[str, Metric]) -> dict[str, float]:
    """Return the metrics that are a single number."""
    return {name: value for name, value in metrics.items() if isinstance(value, float)}


def _require_job(session: Session, job_id: str) -> None:
    if session.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none() is None:
        raise NotFoundError("job", job_id)


def list_losses(
    session: Session, job_id: str, after: int, limit: int
) -> tuple[tuple[LossRecord, ...], bool]:
    """Return the losses after epoch `after`, and whether more follow. Raises NotFoundError."""
    _require_job(session, job_id)
    columns = [column for column in losses.c if column.name != "job_id"]
    rows = (
        session.execute(
            select(*columns)
            .where(losses.c.job_id == job_id, losses.c.epoch > after)
            .order_by(losses.c.epoch)
            .limit(limit + 1)
        )
        .mappings()
        .all()
    )
    return tuple(LossRecord(**row) for row in rows[:limit]), len(rows) > limit
