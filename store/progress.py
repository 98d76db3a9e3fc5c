"""What a worker reports of a job on its way: losses, measures, and checkpoints to go on from."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from store.artifacts import add_artifact, collect_artifact, get_artifact
from store.clock import now
from store.errors import NotFoundError
from store.events import add_event
from store.jobs import JobRecord
from store.leases import Lease, update_held_job
from store.tables import checkpoints, jobs, losses

KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class LossRecord:
    """One epoch of a job, counted from 0."""

    epoch: int
    loss: float
    validation_loss: float | None
    metrics: dict[str, Metric]
    learning_rate: float
    gradient_norm: float
    seconds: float
    layers: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Progress:
    """How far a job is; the fields are columns of jobs. Times are seconds.

    While there are folds to do, epoch and metrics are those of the fold under way.
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


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to go on exactly: arrays as safetensors bytes, and numbers."""

    epoch: int
    steps: int
    numbers: dict[str, Any]
    data: bytes
    metrics: dict[str, Metric] = field(default_factory=dict)


@dataclass(frozen=True)
class CheckpointSummary:
    """A checkpoint as a list shows it: without what it holds."""

    epoch: int
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime


def record_progress(
    session: Session,
    lease: Lease,
    progress: Progress,
    new_losses: Sequence[LossRecord],
    checkpoint: Checkpoint | None = None,
) -> JobRecord:
    """Store losses, measures and checkpoint together, under the lease. Raises LeaseLostError."""
    values = asdict(progress)
    if checkpoint is not None:
        # Progress that is kept wipes the slate: only losses in a row make a job poison.
        values["worker_losses"] = 0
    job = update_held_job(session, lease, values)
    _replace_losses(session, lease.job_id, new_losses)
    if checkpoint is not None:
        _add_checkpoint(session, lease.job_id, checkpoint)
    return job


def _replace_losses(session: Session, job_id: str, new_losses: Sequence[LossRecord]) -> None:
    if not new_losses:
        return
    # A rescued job trains the epochs after its checkpoint again, and gets the same numbers.
    session.execute(
        delete(losses).where(losses.c.job_id == job_id, losses.c.epoch >= new_losses[0].epoch)
    )
    session.execute(insert(losses), [{"job_id": job_id, **asdict(loss)} for loss in new_losses])


def _add_checkpoint(session: Session, job_id: str, checkpoint: Checkpoint) -> None:
    artifact = add_artifact(session, checkpoint.data)
    here = (checkpoints.c.job_id == job_id) & (checkpoints.c.steps >= checkpoint.steps)
    session.execute(delete(checkpoints).where(here))
    session.execute(
        insert(checkpoints).values(
            job_id=job_id,
            steps=checkpoint.steps,
            epoch=checkpoint.epoch,
            numbers=checkpoint.numbers,
            metrics=checkpoint.metrics,
            artifact=artifact,
            created_at=now(),
        )
    )
    add_event(session, job_id, "checkpoint", {"epoch": checkpoint.epoch, "steps": checkpoint.steps})
    _drop_old_checkpoints(session, job_id)


def _drop_old_checkpoints(session: Session, job_id: str) -> None:
    old = session.execute(
        select(checkpoints.c.steps, checkpoints.c.artifact)
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps.desc())
        .offset(KEPT_CHECKPOINTS)
    ).all()
    for steps, artifact in old:
        session.execute(
            delete(checkpoints).where(checkpoints.c.job_id == job_id, checkpoints.c.steps == steps)
        )
        collect_artifact(session, artifact)


def find_checkpoint(session: Session, job_id: str, steps: int | None = None) -> Checkpoint | None:
    """The checkpoint after so many steps, or the last one; None if there is none."""
    query = select(checkpoints).where(checkpoints.c.job_id == job_id)
    if steps is not None:
        query = query.where(checkpoints.c.steps == steps)
    row = session.execute(query.order_by(checkpoints.c.steps.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    data = get_artifact(session, row.artifact)
    return Checkpoint(row.epoch, row.steps, row.numbers, data, row.metrics)


def list_checkpoints(session: Session, job_id: str) -> tuple[CheckpointSummary, ...]:
    """The checkpoints that are kept of a job, oldest first. Raises NotFoundError."""
    _require_job(session, job_id)
    names = ("epoch", "steps", "metrics", "created_at")
    rows = session.execute(
        select(*(checkpoints.c[name] for name in names))
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps)
    ).mappings()
    return tuple(CheckpointSummary(**row) for row in rows)


def _require_job(session: Session, job_id: str) -> None:
    if session.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none() is None:
        raise NotFoundError("job", job_id)


def list_losses(
    session: Session, job_id: str, after: int, limit: int
) -> tuple[tuple[LossRecord, ...], bool]:
    """Epochs after the given one, and whether there are more. Raises NotFoundError."""
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
