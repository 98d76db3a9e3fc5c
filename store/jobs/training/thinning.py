"""Thinning of a long training's records: what is kept depends on the number of epochs alone.

Up to 10,000 epochs all are kept. Beyond, the last 5,000 are kept, of the 5,000 before them those
divisible by 2, of the 10,000 before those by 4, of the 20,000 before those by 8, and so on; always
epoch 0 and the best epoch. An epoch that is not kept is not kept for any larger number of epochs
either, unless it is the best: so records can be deleted while the training goes on, and a rescued
training ends with the same.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from store.db.tables import events, jobs, losses

WHOLE_UP_TO = 10_000
LAST_WHOLE = 5_000
# Types of events that come again and again while epochs are trained.
_REPEATED = ("epoch", "improved", "checkpoint")


class Band(NamedTuple):
    """The epochs from `start` up to `stop`, of which those divisible by `divisor` are kept."""

    start: int
    stop: int
    divisor: int


def thinned_bands(epochs: int) -> Iterator[Band]:
    """Yield the bands of which not all epochs are kept, newest first; none for short trainings."""
    if epochs <= WHOLE_UP_TO:
        return
    size, divisor, stop = LAST_WHOLE, 2, epochs - LAST_WHOLE
    while stop > 0:
        yield Band(max(stop - size, 0), stop, divisor)
        stop -= size
        # Each band ends at twice the age of the one before.
        size, divisor = epochs - stop, divisor * 2


def kept_epochs(epochs: int, best: int | None) -> list[int]:
    """Return the epochs that are kept of a training with this number and this best epoch."""
    kept = set(range(epochs))
    for start, stop, divisor in thinned_bands(epochs):
        kept -= {epoch for epoch in range(start, stop) if epoch % divisor and epoch != best}
    return sorted(kept)


def thin_records(session: Session, job_id: str, epochs: int, best: int | None) -> None:
    """Delete the losses and events of epochs that are not kept, of a job whose row is locked.

    An event about several epochs is kept if one of them is.
    """
    bands = list(thinned_bands(epochs))
    if not bands:
        return
    epoch = losses.c.epoch
    dropped = [
        and_(_is_within(epoch, band), epoch % band.divisor != 0, epoch != _number(best))
        for band in bands
    ]
    session.execute(delete(losses).where(losses.c.job_id == job_id, or_(*dropped)))
    _thin_events(session, job_id, bands, best)


def _thin_events(session: Session, job_id: str, bands: list[Band], best: int | None) -> None:
    epoch = events.c.data["epoch"].as_integer()
    grouped = func.coalesce(events.c.data["epochs"].as_integer(), 1)
    dropped = [
        # Divisible epochs are at least as far back as the group begins.
        and_(_is_within(epoch, band), epoch % band.divisor >= grouped, epoch != _number(best))
        for band in bands
    ]
    session.execute(
        delete(events).where(events.c.job_id == job_id, events.c.type.in_(_REPEATED), or_(*dropped))
    )


def _is_within(epoch: ColumnElement[int], band: Band) -> ColumnElement[bool]:
    return and_(epoch >= band.start, epoch < band.stop)


def _number(best: int | None) -> int:
    return -1 if best is None else best


def is_thinned(session: Session, job_id: str) -> bool:
    """Return whether epochs of the training have been deleted."""
    epochs = session.execute(select(jobs.c.epoch).where(jobs.c.id == job_id)).scalar_one()
    if epochs <= WHOLE_UP_TO:
        return False
    stored = select(func.count()).where(losses.c.job_id == job_id)
    return bool(session.execute(stored).scalar_one() < epochs)
