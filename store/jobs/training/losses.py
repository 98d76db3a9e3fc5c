"""Losses and metrics of a training's epochs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from engine.metrics import Metric
from store.db.bounded_rows import bound_rows
from store.db.tables import losses
from store.jobs.training.thinning import is_thinned
from store.jobs.transitions import get_status
from store.statuses import TRAINING

# Characters of stored metrics and statistics of layers after which a page has no further epoch: one
# epoch may have a matrix of a million numbers. A page is read in pieces of a few rows, because a
# query measures all of its rows.
PAGE_LENGTH = 2**20
_PIECE = 100


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


_FIELDS = tuple(field.name for field in fields(LossRecord))
_FOLLOWING = bound_rows(
    select(*(losses.c[name] for name in _FIELDS))
    .where(losses.c.job_id == bindparam("job_id"), losses.c.epoch > bindparam("after"))
    .order_by(losses.c.epoch)
    .limit(bindparam("limit")),
    ["metrics", "layers"],
    lambda rows: [rows.c.epoch],
)


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
    """Return a page of the losses after epoch `after`. Raises NotFoundError.

    A page of long ones is shorter: it ends with the epoch that exceeds PAGE_LENGTH.
    """
    get_status(session, job_id, TRAINING)
    epochs, has_more = _read(session, job_id, after, limit)
    following = str(epochs[-1].epoch) if has_more else None
    return LossPage(tuple(epochs), following, is_thinned(session, job_id))


def _read(session: Session, job_id: str, after: int, limit: int) -> tuple[list[LossRecord], bool]:
    """Return the epochs of a page, and whether there are more."""
    epochs: list[LossRecord] = []
    length = PAGE_LENGTH
    while True:
        # One row more than the page has shows that others follow.
        wanted = min(_PIECE, limit + 1 - len(epochs))
        parameters = {"job_id": job_id, "after": after, "limit": wanted, "length": length}
        rows = session.execute(_FOLLOWING, parameters).mappings().all()
        epochs += [LossRecord(**{name: row[name] for name in _FIELDS}) for row in rows]
        if len(epochs) > limit:
            return epochs[:limit], True
        if not rows or len(rows) < rows[-1]["matching"]:
            return epochs, bool(rows)
        if len(rows) < wanted:
            return epochs, False
        after = epochs[-1].epoch
        length = max(length - int(rows[-1]["reached"]), 1)
