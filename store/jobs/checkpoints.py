"""Checkpoints: states of a job's work; the last two, the best and milestones are kept."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select
from sqlalchemy.orm import Session

from engine.stored.versions import SPEC_VERSION
from store.blobs.artifacts import add_artifact, garbage_collect_artifact, get_artifact
from store.blobs.packed_arrays import PackedArrays
from store.db.clock import now
from store.db.tables import artifacts, checkpoints
from store.jobs.events import add_event
from store.jobs.milestones import choose_milestones

KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state from which work resumes bit-exactly.

    Attributes:
        steps: number of steps done.
        numbers: JSON values, with the environment of the work and whether it is exact.
        data: arrays as a safetensors file; bytes if it is read from the database.
        score: by which the best checkpoint is chosen; lower is better. None to keep the last only.
        spec_version: version of the stored state.
        milestones: maximum number of earlier checkpoints that are kept besides the last and best.
    """

    steps: int
    numbers: dict[str, Any]
    data: bytes | PackedArrays
    score: float | None = None
    spec_version: int = SPEC_VERSION
    milestones: int = 0

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the checkpoint's row; kinds of work add their own."""
        return {
            "steps": self.steps,
            "numbers": self.numbers,
            "score": self.score,
            "spec_version": self.spec_version,
        }

    @property
    def event_data(self) -> dict[str, Any]:
        """The data of the event that announces the checkpoint."""
        return {"steps": self.steps}


def add_checkpoint(session: Session, job_id: str, checkpoint: Checkpoint) -> None:
    """Store a checkpoint of a job whose row is locked, and delete superseded ones.

    A job that resumes from an earlier checkpoint repeats steps: checkpoints at the same or later
    steps are replaced.
    """
    _delete(session, job_id, checkpoints.c.steps >= checkpoint.steps)
    session.execute(
        insert(checkpoints).values(
            **checkpoint.columns,
            job_id=job_id,
            artifact=add_artifact(session, checkpoint.data),
            created_at=now(),
        )
    )
    add_event(session, job_id, "checkpoint", checkpoint.event_data)
    kept, earlier = find_kept_steps(session, job_id)
    kept |= choose_milestones(kept | earlier, checkpoint.milestones)
    _delete(session, job_id, checkpoints.c.steps.not_in(kept))


def find_kept_steps(session: Session, job_id: str) -> tuple[set[int], set[int]]:
    """Return the steps of the last checkpoints and the best one (of equals, the first); the others.

    The others are milestones.
    """
    rows = session.execute(
        select(checkpoints.c.steps, checkpoints.c.score)
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps.desc())
    ).all()
    best = min(((row.score, row.steps) for row in rows if row.score is not None), default=None)
    kept = {row.steps for row in rows[:KEPT_CHECKPOINTS]} | ({best[1]} if best else set())
    return kept, {row.steps for row in rows} - kept


def delete_checkpoints_after(session: Session, job_id: str, steps: int) -> None:
    """Delete the checkpoints of a job whose row is locked that have more than `steps` steps."""
    _delete(session, job_id, checkpoints.c.steps > steps)


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


def find_checkpoint_bytes(session: Session, job_id: str) -> int:
    """Return the size of the last checkpoint's arrays; 0 if the job has none."""
    row = find_checkpoint_row(session, job_id)
    if row is None:
        return 0
    query = select(artifacts.c.bytes).where(artifacts.c.sha256 == row.artifact)
    return int(session.execute(query).scalar_one())


def find_checkpoint(session: Session, job_id: str) -> Checkpoint | None:
    """Return the last checkpoint of the job; None if it has none."""
    row = find_checkpoint_row(session, job_id)
    if row is None:
        return None
    data = get_artifact(session, row.artifact)
    return Checkpoint(row.steps, row.numbers, data, row.score, row.spec_version)


def find_checkpoint_row(session: Session, job_id: str, steps: int | None = None) -> Row[Any] | None:
    """Return the row of the checkpoint after `steps` steps, by default the last; None if missing.

    `get_artifact` reads its data.
    """
    query = select(checkpoints).where(checkpoints.c.job_id == job_id)
    if steps is not None:
        query = query.where(checkpoints.c.steps == steps)
    return session.execute(query.order_by(checkpoints.c.steps.desc()).limit(1)).one_or_none()
