"""Jobs of kinds that this version does not know: they are left alone, and reported."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from store.db.tables import jobs
from store.statuses import UNFINISHED


def count_unknown_kinds(session: Session, known: Collection[str]) -> dict[str, int]:
    """Return the number of unfinished jobs per kind that is not known, by name of the kind."""
    # The index of statuses and kinds alone answers this.
    query = (
        select(jobs.c.kind, func.count().label("number"))
        .where(jobs.c.status.in_(UNFINISHED), jobs.c.kind.not_in(list(known)))
        .group_by(jobs.c.kind)
        .order_by(jobs.c.kind)
    )
    return {row.kind: row.number for row in session.execute(query)}


def describe_unknown_kind(kind: str, count: int) -> str:
    """Return a line for the log and for /readyz."""
    jobs_ = "1 unfinished job has" if count == 1 else f"{count} unfinished jobs have"
    return (
        f"{jobs_} the kind {kind!r}, which this version does not know: left alone; "
        "upgrade backpropd"
    )
