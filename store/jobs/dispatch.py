"""For which jobs the doorbell was rung, and for which it has to be rung again."""

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import jobs
from store.jobs.claims import claimable


def list_undispatched_jobs(
    session: Session, redispatch_seconds: float, limit: int
) -> tuple[str, ...]:
    """Jobs that wait for a worker although nobody rang for them lately, oldest first."""
    quiet = func.coalesce(jobs.c.dispatched_at, jobs.c.created_at) < shifted(-redispatch_seconds)
    rows = session.execute(
        select(jobs.c.id).where(claimable(), quiet).order_by(jobs.c.id).limit(limit)
    )
    return tuple(rows.scalars())


def mark_rung(session: Session, job_ids: tuple[str, ...]) -> None:
    """Note that the doorbell was rung for these jobs."""
    session.execute(update(jobs).where(jobs.c.id.in_(job_ids)).values(dispatched_at=now()))
