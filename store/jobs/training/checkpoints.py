"""Checkpoints of trainings: with the epoch and its metrics, which lists show."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from engine.stored.versions import check_version
from store.db.tables import checkpoints
from store.jobs.checkpoints import Checkpoint, find_checkpoint_row, read_data
from store.jobs.transitions import get_status
from store.statuses import TRAINING


@dataclass(frozen=True, kw_only=True)
class TrainingCheckpoint(Checkpoint):
    """The state from which a training resumes bit-exactly.

    `numbers` also has the position within the epoch, counters and sums, the seed and the dataset's
    sha256; `data` has the weights and optimizer slots; `score` is the monitored metric.

    Attributes:
        epoch: number of finished epochs.
        metrics: metrics of the last finished epoch.
    """

    epoch: int = 0
    metrics: dict[str, Metric] = field(default_factory=dict)

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the checkpoint's row."""
        return {**super().columns, "epoch": self.epoch, "metrics": self.metrics}

    @property
    def event_data(self) -> dict[str, Any]:
        """The data of the event that announces the checkpoint."""
        return {"epoch": self.epoch, "steps": self.steps}


@dataclass(frozen=True)
class CheckpointSummary:
    """A checkpoint in a list, without the training state."""

    epoch: int
    steps: int
    metrics: dict[str, Metric]
    created_at: datetime
    spec_version: int


def find_training_checkpoint(
    session: Session, job_id: str, steps: int | None = None, folder: Path | None = None
) -> TrainingCheckpoint | None:
    """Return the checkpoint after `steps` steps, by default the last one; None if missing.

    Its data are bytes, or with a folder a file in it. Raises LaterVersionError.
    """
    row = find_checkpoint_row(session, job_id, steps)
    if row is None:
        return None
    check_version("checkpoint", row.spec_version)
    return TrainingCheckpoint(
        steps=row.steps,
        numbers=row.numbers,
        data=read_data(session, row, folder),
        score=row.score,
        spec_version=row.spec_version,
        epoch=row.epoch,
        metrics=row.metrics,
    )


def list_training_checkpoints(session: Session, job_id: str) -> tuple[CheckpointSummary, ...]:
    """Return the checkpoints of a training, oldest first. Raises NotFoundError."""
    get_status(session, job_id, TRAINING)
    names = ("epoch", "steps", "metrics", "created_at", "spec_version")
    rows = session.execute(
        select(*(checkpoints.c[name] for name in names))
        .where(checkpoints.c.job_id == job_id)
        .order_by(checkpoints.c.steps)
    ).mappings()
    return tuple(CheckpointSummary(**row) for row in rows)
