"""Dispatch: for which jobs a message must be published again, and which need a later version."""

from collections.abc import Collection

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine.stored.versions import SPEC_VERSION
from store.db.clock import now, shifted
from store.db.tables import jobs
from store.jobs.claims import claimable, waiting


def list_undispatched_jobs(
    session: Session, kinds: Collection[str], redispatch_seconds: float, limit: int
) -> tuple[str, ...]:
    """List claimable jobs of these kinds without a recent message, oldest first.

    Args:
        session: session of the transaction.
        kinds: kinds of work that the worker knows.
        redispatch_seconds: how old the last message must be.
        limit: maximum number of jobs.
    """
    is_undispatched = func.coalesce(jobs.c.dispatched_at, jobs.c.created_at) < shifted(
        -redispatch_seconds
    )
    rows = session.execute(
        select(jobs.c.id).where(claimable(kinds), is_undispatched).order_by(jobs.c.id).limit(limit)
    )
    return tuple(rows.scalars())


def list_later_version_jobs(session: Session, kinds: Collection[str]) -> dict[str, int]:
    """Return the waiting jobs that this version cannot read: the version of their spec, by id."""
    is_later = jobs.c.spec_version > SPEC_VERSION
    rows = session.execute(select(jobs.c.id, jobs.c.spec_version).where(waiting(kinds), is_later))
    return {row.id: row.spec_version for row in rows}


def mark_dispatched(session: Session, job_ids: tuple[str, ...]) -> None:
    """Record that messages for these jobs were published."""
    session.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(dispatched_at=now()))
