"""Checkpoints: the complete training state of a job; the last two and the best are kept."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from engine.stored.versions import SPEC_VERSION
from store.blobs.artifacts import add_artifact, garbage_collect_artifact, get_artifact
from store.db.clock import now
from store.db.tables import checkpoints, jobs
from store.errors import NotFoundError
from store.jobs.events import add_event

KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state from which a training resumes bit-exactly.

    Attributes:
        epoch: number of finished epochs.
        steps: number of steps done.
        numbers: position within the epoch, counters and sums, the seed, the dataset's sha256, and
            the environment of the training.
        data: weights and optimizer slots as safetensors bytes.
        metrics: metrics of the last finished epoch.
        score: monitored metric of that epoch, as a score; lower is better.
        spec_version: version of the training state and the preprocessing.
    """

    epoch: int
    steps: int
    numbers: dict[str, Any]
    data: bytes
    metrics: dict[str, Metric] = field(default_factory=dict)
    score: float | None = None
    spec_version: int = SPEC_VERSION


@dataclass(frozen=True)
class CheckpointSummary:
    """A checkpoint in a list, without the training state."""

    epoch: int
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime


def add_checkpoint(session: Session, job_id: str, checkpoint: Checkpoint) -> None:
    """Store a checkpoint of a job whose row is locked, and delete superseded ones.

    A job that resumes from an earlier checkpoint repeats steps: checkpoints at the same or later
    steps are replaced.
    """
    _delete(session, job_id, checkpoints.c.steps >= checkpoint.steps)
    session.execute(
        insert(checkpoints).values(
            job_id=job_id,
            steps=checkpoint.steps,
            epoch=checkpoint.epoch,
            numbers=checkpoint.numbers,
            spec_version=checkpoint.spec_version,
            metrics=checkpoint.metrics,
            score=checkpoint.score,
            artifact=add_artifact(session, checkpoint.data),
            created_at=now(),
        )
    )
    add_event(session, job_id, "checkpoint", {"epoch": checkpoint.epoch, "steps": checkpoint.steps})
    _delete(session, job_id, checkpoints.c.steps.not_in(_steps_to_keep(session, job_id)))


def _steps_to_keep(session: Session, job_id: str) -> set[int]:
    """Return the steps of the last checkpoints and of the best one (of equals, the first)."""
    rows = session.execute(
        select(checkpoints.c.steps, checkpoints.c.score)
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps.desc())
    ).all()
    best = min(((row.score, row.steps) for row in rows if row.score is not None), default=None)
    kept = {row.steps for row in rows[:KEPT_CHECKPOINTS]}
    return kept if best is None else kept | {best[1]}


def delete_checkpoints(session: Session, job_id: str) -> None:
    """Delete all checkpoints of a job whose row is locked."""
    _delete(session, job_id, checkpoints.c.job_id == job_id)


def _delete(session: Session, job_id: str, where: ColumnElement[bool]) -> None:
    artifacts = session.execute(
        delete(checkpoints)
        .where(checkpoints.c.job_id == job_id, where)
        .returning(checkpoints.c.artifact)
    ).scalars()
    for artifact in sorted(set(artifacts)):
        garbage_collect_artifact(session, artifact)


def has_checkpoint(session: Session, job_id: str) -> bool:
    """Return whether the job has a checkpoint."""
    query = select(checkpoints.c.steps).where(checkpoints.c.job_id == job_id).limit(1)
    return session.execute(query).one_or_none() is not None


def find_checkpoint(session: Session, job_id: str, steps: int | None = None) -> Checkpoint | None:
    """Return the checkpoint after `steps` steps, by default the last one; None if missing."""
    query = select(checkpoints).where(checkpoints.c.job_id == job_id)
    if steps is not None:
        query = query.where(checkpoints.c.steps == steps)
    row = session.execute(query.order_by(checkpoints.c.steps.desc()).limit(1)).one_or_none()
    if row is None:
        return None
    data = get_artifact(session, row.artifact)
    return Checkpoint(
        row.epoch, row.steps, row.numbers, data, row.metrics, row.score, row.spec_version
    )


def list_checkpoints(session: Session, job_id: str) -> tuple[CheckpointSummary, ...]:
    """Return the checkpoints of a job, oldest first. Raises NotFoundError."""
    if session.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none() is None:
        raise NotFoundError("job", job_id)
    names = ("epoch", "steps", "metrics", "created_at")
    rows = session.execute(
        select(*(checkpoints.c[name] for name in names))
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps)
    ).mappings()
    return tuple(CheckpointSummary(**row) for row in rows)
