"""Quotas per owner: unfinished jobs, unfinished uploads and stored bytes.

Only committed rows are counted. Near a limit, PostgreSQL transactions that would add to the
count are serialized, by an advisory lock or the owner's row of counters (SQLite serializes writers
anyway), so that two of them cannot both take the last slot.
"""

from sqlalchemy import ColumnElement, Select, func, select, text, update
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.tables import jobs, stored_bytes, uploads
from store.db.upsert import insert_or_ignore
from store.errors import LimitReachedError
from store.statuses import UNFINISHED
from store.usage.recount import count_records, count_usage

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
    found = _count(session, total.where(is_own))
    if found >= limit:
        raise LimitReachedError("unfinished jobs", limit, found)


def check_unfinished_uploads(session: Session, limit: int, owner: str = "") -> None:
    """Check that the owner may announce one more resumable upload. Raises LimitReachedError.

    Safe against concurrent requests: they are serialized, see the module docstring.
    """
    _lock(session, owner)
    is_active: ColumnElement[bool] = (uploads.c.owner == owner) & (uploads.c.expires_at > now())
    found = _count(session, select(func.count()).where(is_active))
    if found >= limit:
        raise LimitReachedError("unfinished uploads", limit, found)


def check_stored_bytes(
    session: Session,
    limit: int | None,
    more: int,
    *,
    but_upload: str | None = None,
    are_counted: bool = False,
    owner: str = "",
) -> None:
    """Check that the owner may store `more` bytes. Raises LimitReachedError.

    Safe against concurrent requests: they are serialized, see the module docstring.

    Args:
        session: session of the transaction that stores the bytes.
        limit: limit in bytes; None for no limit, in which case nothing is counted.
        more: bytes that are about to be stored.
        but_upload: id of a resumable upload that these bytes replace; it is not counted.
        are_counted: whether the transaction has already added these bytes to the counters.
        owner: owner of the bytes.
    """
    if limit is None:
        return
    used = read_used(session, owner) - (more if are_counted else 0)
    if but_upload is not None:
        received = select(uploads.c.offset).where(uploads.c.id == but_upload)
        used -= session.execute(received).scalar_one_or_none() or 0
    if used + more > limit:
        raise LimitReachedError("stored bytes", limit, used)


def read_used(session: Session, owner: str) -> int:
    """Return the bytes that count for the owner, whose counters stay locked until the commit.

    The first time, everything is counted.
    """
    row = {"owner": owner, "datasets": 0, "uploads": 0, "weights": 0, "records": 0}
    if insert_or_ignore(session, stored_bytes, {**row, "counted_at": now()}):
        recount(session, owner)
    counters = select(stored_bytes).where(stored_bytes.c.owner == owner).with_for_update()
    found = session.execute(counters).mappings().one()
    return int(found["datasets"] + found["uploads"] + found["weights"] + found["records"])


def list_counted_owners(session: Session) -> list[str]:
    """Return the owners whose bytes are counted."""
    return list(session.execute(select(stored_bytes.c.owner)).scalars())


def recount(session: Session, owner: str, records: int | None = None) -> dict[str, int]:
    """Count an owner's bytes, and return by how much the counters were wrong.

    The count is exact while others write: a transaction that has changed a counter holds the row
    until its commit, so that no counted row has its change still to come.

    Args:
        session: session of the transaction.
        owner: the owner, who has counters.
        records: bytes of the records, if they were counted before the transaction.
    """
    counters = select(stored_bytes).where(stored_bytes.c.owner == owner).with_for_update()
    before = session.execute(counters).mappings().one()
    found = count_usage(session, owner)
    found["records"] = count_records(session, owner) if records is None else records
    session.execute(
        update(stored_bytes).where(stored_bytes.c.owner == owner).values(**found, counted_at=now())
    )
    return {name: value - before[name] for name, value in found.items()}


def _count(session: Session, query: Select[int]) -> int:
    count: int = session.execute(query).scalar_one()
    # PostgreSQL returns sums of integers as decimals.
    return int(count)


def _lock(session: Session, owner: str) -> None:
    """Serialize the transactions of an owner from here to their commit (PostgreSQL)."""
    if session.get_bind().dialect.name == "postgresql":
        key = {"key": f"limits of {owner}"}
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), key)
