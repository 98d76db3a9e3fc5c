"""How much an owner may have: unfinished jobs, and bytes in all.

What is counted belongs to transactions that have committed. Where the limit is near, those of
PostgreSQL that are about to add to it go one after the other (SQLite's writers do anyway), so that
no two of them take the last place.
"""

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.orm import Session

from store.datasets.datasets import DELETING
from store.db.clock import now
from store.db.tables import artifacts, checkpoints, datasets, jobs, models, uploads
from store.errors import LimitReachedError
from store.statuses import TERMINAL, JobStatus

# More requests than that are never at once between their count and their commit.
MARGIN = 200
UNFINISHED = tuple(status for status in JobStatus if status not in TERMINAL)


def check_unfinished_jobs(session: Session, limit: int, owner: str = "") -> None:
    """See that the owner may have one job more. Raises LimitReachedError.

    Survives another job in the same moment when the limit is near: see above.
    """
    # Of everybody's jobs, by an index alone: as long as there are few, no owner can have many.
    total = select(func.count()).where(jobs.c.status.in_(UNFINISHED))
    if _count(session, total) + MARGIN < limit:
        return
    _lock(session, owner)
    # An expression, or SQLite would rather go through all that the owner has ever had.
    is_own = (jobs.c.owner + "") == owner
    if _count(session, total.where(is_own)) >= limit:
        raise LimitReachedError("unfinished jobs", limit)


def check_stored_bytes(
    session: Session,
    limit: int | None,
    more: int,
    *,
    but_upload: str | None = None,
    owner: str = "",
) -> None:
    """See that the owner may store so many bytes more. Raises LimitReachedError.

    Survives another request in the same moment: see above.

    Args:
        session: whose transaction stores them.
        limit: None for none, and then nothing is counted.
        more: bytes that are about to be stored.
        but_upload: a resumable upload of the owner that these bytes take the place of.
        owner: whose they are.
    """
    if limit is None:
        return
    _lock(session, owner)
    if _count_stored_bytes(session, owner, but_upload) + more > limit:
        raise LimitReachedError("stored bytes", limit)


def _count_stored_bytes(session: Session, owner: str, but_upload: str | None) -> int:
    """Uploads count by the length that was announced, equal artifacts once."""
    shown = (datasets.c.owner == owner) & (datasets.c.state != DELETING)
    arriving = (uploads.c.owner == owner) & (uploads.c.expires_at > now())
    if but_upload is not None:
        arriving &= uploads.c.id != but_upload
    kept = or_(
        artifacts.c.sha256.in_(select(models.c.artifact).where(models.c.owner == owner)),
        artifacts.c.sha256.in_(
            select(checkpoints.c.artifact)
            .join(jobs, jobs.c.id == checkpoints.c.job_id)
            .where(jobs.c.owner == owner)
        ),
    )
    return (
        _count(session, _total(datasets.c.bytes, shown))
        + _count(session, _total(uploads.c.length, arriving))
        + _count(session, _total(artifacts.c.bytes, kept))
    )


def _total(column: ColumnElement[int], wanted: ColumnElement[bool]) -> Select[int]:
    return select(func.coalesce(func.sum(column), 0)).where(wanted)


def _count(session: Session, query: Select[int]) -> int:
    found: int = session.execute(query).scalar_one()
    # PostgreSQL's sums of integers are decimals.
    return int(found)


def _lock(session: Session, owner: str) -> None:
    """Wait until no other transaction is between this and its commit for the same owner."""
    if session.get_bind().dialect.name == "postgresql":
        key = {"key": f"limits of {owner}"}
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
