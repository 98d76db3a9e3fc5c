"""Checkpoints: all that a training needs to go on exactly; the last two and the best are kept."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from store.blobs.artifacts import add_artifact, garbage_collect_artifact, get_artifact
from store.db.clock import now
from store.db.tables import checkpoints, jobs
from store.errors import NotFoundError
from store.jobs.events import add_event

KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Checkpoint:
    """Everything needed to go on exactly.

    Attributes:
        epoch: epochs finished.
        steps: steps done.
        numbers: where the training is within its epoch, counters and sums, the seed, the dataset's
            sha256, and the environment that it was trained in.
        data: weights and optimizer slots as safetensors bytes.
        metrics: of the last finished epoch.
        score: of that epoch, by the metric that the best is chosen by; lower is better.
    """

    epoch: int
    steps: int
    numbers: dict[str, Any]
    data: bytes
    metrics: dict[str, Metric] = field(default_factory=dict)
    score: float | None = None


@dataclass(frozen=True)
class CheckpointSummary:
    """A checkpoint as a list shows it: without what it holds."""

    epoch: int
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime


def add_checkpoint(session: Session, job_id: str, checkpoint: Checkpoint) -> None:
    """Keep a checkpoint of a job whose row is locked, and drop those that it makes superfluous.

    A job that was rescued, or goes on elsewhere, comes by the same steps again: what was kept of
    them is replaced.
    """
    _drop(session, job_id, checkpoints.c.steps >= checkpoint.steps)
    session.execute(
        insert(checkpoints).values(
            job_id=job_id,
            steps=checkpoint.steps,
            epoch=checkpoint.epoch,
            numbers=checkpoint.numbers,
            metrics=checkpoint.metrics,
            score=checkpoint.score,
            artifact=add_artifact(session, checkpoint.data),
            created_at=now(),
        )
    )
    add_event(session, job_id, "checkpoint", {"epoch": checkpoint.epoch, "steps": checkpoint.steps})
    _drop(session, job_id, checkpoints.c.steps.not_in(_steps_to_keep(session, job_id)))


def _steps_to_keep(session: Session, job_id: str) -> set[int]:
    """Of the last ones, and of the first that is as good as any."""
    rows = session.execute(
        select(checkpoints.c.steps, checkpoints.c.score)
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps.desc())
    ).all()
    best = min(((row.score, row.steps) for row in rows if row.score is not None), default=None)
    kept = {row.steps for row in rows[:KEPT_CHECKPOINTS]}
    return kept if best is None else kept | {best[1]}


def delete_checkpoints(session: Session, job_id: str) -> None:
    """Forget all checkpoints of a job whose row is locked."""
    _drop(session, job_id, checkpoints.c.job_id == job_id)


def _drop(session: Session, job_id: str, which: ColumnElement[bool]) -> None:
    dropped = session.execute(
        delete(checkpoints)
        .where(checkpoints.c.job_id == job_id, which)
        .returning(checkpoints.c.artifact)
    ).scalars()
    for artifact in sorted(set(dropped)):
        garbage_collect_artifact(session, artifact)


def has_checkpoint(session: Session, job_id: str) -> bool:
    """Whether there is anything that the job has learned."""
    query = select(checkpoints.c.steps).where(checkpoints.c.job_id == job_id).limit(1)
    return session.execute(query).one_or_none() is not None


def find_checkpoint(session: Session, job_id: str, steps: int | None = None) -> Checkpoint | None:
    """The checkpoint after so many steps, or the last one; None if there is none."""
    query = select(checkpoints).where(checkpoints.c.job_id == job_id)
    if steps is not None:
        query = query.where(checkpoints.c.steps == steps)
    row = session.execute(query.order_by(checkpoints.c.steps.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    data = get_artifact(session, row.artifact)
    return Checkpoint(row.epoch, row.steps, row.numbers, data, row.metrics, row.score)


def list_checkpoints(session: Session, job_id: str) -> tuple[CheckpointSummary, ...]:
    """The checkpoints that are kept of a job, oldest first. Raises NotFoundError."""
    if session.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none() is None:
        raise NotFoundError("job", job_id)
    names = ("epoch", "steps", "metrics", "created_at")
    rows = session.execute(
        select(*(checkpoints.c[name] for name in names))
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps)
    ).mappings()
    return tuple(CheckpointSummary(**row) for row in rows)
