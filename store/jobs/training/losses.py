"""Losses and metrics of a training's epochs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from store.db.tables import losses
from store.jobs.training.thinning import is_thinned
from store.jobs.transitions import get_status
from store.statuses import TRAINING


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
class LossPage:
    """Losses of some epochs.

    Attributes:
        epochs: the losses.
        next: cursor of the next page; None on the last one.
        is_thinned: whether epochs of the training have been deleted.
    """

    epochs: tuple[LossRecord, ...]
    next: str | None
    is_thinned: bool


def replace_losses(
    session: Session, job_id: str, epochs: int, new_losses: Sequence[LossRecord]
) -> None:
    """Store the losses of new epochs of a job whose row is locked, and delete later ones.

    Args:
        session: session of the transaction.
        job_id: id of the training.
        epochs: number of epochs done; used if there are no new losses.
        new_losses: losses of consecutive epochs.
    """
    # A rescued job repeats the epochs after its checkpoint, with the same results.
    first = new_losses[0].epoch if new_losses else epochs
    session.execute(delete(losses).where(losses.c.job_id == job_id, losses.c.epoch >= first))
    if new_losses:
        session.execute(insert(losses), [{"job_id": job_id, **asdict(loss)} for loss in new_losses])


def delete_losses(session: Session, job_id: str) -> None:
    """Delete all losses of a job whose row is locked."""
    session.execute(delete(losses).where(losses.c.job_id == job_id))


def list_losses(session: Session, job_id: str, after: int, limit: int) -> LossPage:
    """Return a page of the losses after epoch `after`. Raises NotFoundError."""
    get_status(session, job_id, TRAINING)
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
    epochs = tuple(LossRecord(**row) for row in rows[:limit])
    following = str(epochs[-1].epoch) if len(rows) > limit else None
    return LossPage(epochs, following, is_thinned(session, job_id))
