"""Quotas per owner: unfinished jobs and stored bytes.

Only committed rows are counted. Near the limit, PostgreSQL transactions that would add to the
count are serialized by an advisory lock (SQLite serializes writers anyway), so that two of them
cannot both take the last slot.
"""

from sqlalchemy import ColumnElement, Select, func, or_, select, text
from sqlalchemy.orm import Session

from store.datasets.datasets import DELETING
from store.db.clock import now
from store.db.tables import artifacts, checkpoints, datasets, jobs, models, uploads
from store.errors import LimitReachedError
from store.statuses import UNFINISHED

# Upper bound on the requests that are between their count and their commit at the same time.
MARGIN = 200


def check_unfinished_jobs(session: Session, limit: int, owner: str = "") -> None:
    """Check that the owner may create one more job. Raises LimitReachedError.

    Safe against concurrent requests: near the limit they are serialized, see the module docstring.
    """
    # Counts the jobs of all owners by an index alone: if these are few, no owner has many.
    total = select(func.count()).where(jobs.c.status.in_(UNFINISHED))
    if _count(session, total) + MARGIN < limit:
        return
    _lock(session, owner)
    # The concatenation keeps SQLite from scanning the owner's index, with all past jobs.
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
    """Check that the owner may store `more` bytes. Raises LimitReachedError.

    Safe against concurrent requests: they are serialized, see the module docstring.

    Args:
        session: session of the transaction that stores the bytes.
        limit: limit in bytes; None for no limit, in which case nothing is counted.
        more: bytes that are about to be stored.
        but_upload: id of a resumable upload that these bytes replace; it is not counted.
        owner: owner of the bytes.
    """
    if limit is None:
        return
    _lock(session, owner)
    if _count_stored_bytes(session, owner, but_upload) + more > limit:
        raise LimitReachedError("stored bytes", limit)


def _count_stored_bytes(session: Session, owner: str, but_upload: str | None) -> int:
    """Return the stored bytes; uploads count with their full length, equal artifacts once."""
    visible = (datasets.c.owner == owner) & (datasets.c.state != DELETING)
    active = (uploads.c.owner == owner) & (uploads.c.expires_at > now())
    if but_upload is not None:
        active &= uploads.c.id != but_upload
    referenced = or_(
        artifacts.c.sha256.in_(select(models.c.artifact).where(models.c.owner == owner)),
        artifacts.c.sha256.in_(
            select(checkpoints.c.artifact)
            .join(jobs, jobs.c.id == checkpoints.c.job_id)
            .where(jobs.c.owner == owner)
        ),
    )
    return (
        _count(session, _total(datasets.c.bytes, visible))
        + _count(session, _total(uploads.c.length, active))
        + _count(session, _total(artifacts.c.bytes, referenced))
    )


def _total(column: ColumnElement[int], where: ColumnElement[bool]) -> Select[int]:
    return select(func.coalesce(func.sum(column), 0)).where(where)


def _count(session: Session, query: Select[int]) -> int:
    count: int = session.execute(query).scalar_one()
    # PostgreSQL returns sums of integers as decimals.
    return int(count)


def _lock(session: Session, owner: str) -> None:
    """Serialize the transactions of an owner from here to their commit (PostgreSQL)."""
    if session.get_bind().dialect.name == "postgresql":
        key = {"key": f"limits of {owner}"}
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
