"""Checkpoints: states of a job's work; the last two, the best and milestones are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row, delete, insert, select
from sqlalchemy.orm import Session

from engine.stored.versions import SPEC_VERSION
from store.blobs.artifacts import (
    add_artifact,
    garbage_collect_artifact,
    get_artifact,
    open_arrays,
)
from store.blobs.packed_arrays import PackedArrays
from store.blobs.tensor_file import FileArrays
from store.blobs.tensors import unpack_arrays
from store.db.clock import now
from store.db.tables import checkpoints
from store.jobs.events import add_event
from store.jobs.milestones import choose_milestones

KEPT_CHECKPOINTS = 2


@dataclass(frozen=True)
class Checkpoint:
    """The state from which work resumes bit-exactly.

    Attributes:
        steps: number of steps done.
        numbers: JSON values, with the environment of the work and whether it is exact.
        data: arrays as a safetensors file; of one that was read, bytes or the arrays in a file.
        score: by which the best checkpoint is chosen; lower is better. None to keep the last only.
        spec_version: version of the stored state.
        milestones: maximum number of earlier checkpoints that are kept besides the last and best.
    """

    steps: int
    numbers: dict[str, Any]
    data: bytes | PackedArrays | FileArrays
    score: float | None = None
    spec_version: int = SPEC_VERSION
    milestones: int = 0

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays; of a file, each is read when it is asked for."""
        return self.data if isinstance(self.data, FileArrays) else unpack_arrays(self.data)

    @property
    def packed(self) -> bytes | PackedArrays:
        """The data of a new checkpoint."""
        if isinstance(self.data, FileArrays):
            raise TypeError("a checkpoint that was read is not stored again")
        return self.data

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
            artifact=add_artifact(session, checkpoint.packed),
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


def find_checkpoint(session: Session, job_id: str, folder: Path | None = None) -> Checkpoint | None:
    """Return the last checkpoint of the job; None if it has none.

    Args:
        session: session of the caller.
        job_id: the job.
        folder: folder of the file for its data; None for bytes.
    """
    row = find_checkpoint_row(session, job_id)
    return None if row is None else read_checkpoint(session, row, folder)


def read_checkpoint(session: Session, row: Row[Any], folder: Path | None = None) -> Checkpoint:
    """Return the checkpoint of a row. Raises as `read_data`."""
    data = read_data(session, row, folder)
    return Checkpoint(row.steps, row.numbers, data, row.score, row.spec_version)


def read_data(session: Session, row: Row[Any], folder: Path | None) -> bytes | FileArrays:
    """Return the data of a checkpoint: as bytes, or as a file in a folder.

    Raises NotFoundError, DamagedArtifactError, and StorageFullError for files.
    """
    if folder is None:
        return get_artifact(session, row.artifact)
    return open_arrays(session, row.artifact, folder)


def find_checkpoint_row(session: Session, job_id: str, steps: int | None = None) -> Row[Any] | None:
    """Return the row of the checkpoint after `steps` steps, by default the last; maybe None."""
    query = select(checkpoints).where(checkpoints.c.job_id == job_id)
    if steps is not None:
        query = query.where(checkpoints.c.steps == steps)
    return session.execute(query.order_by(checkpoints.c.steps.desc()).limit(1)).one_or_none()
