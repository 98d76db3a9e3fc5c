"""Registry of live workers: each records when it was last alive."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import workers
from store.db.upsert import insert_or_ignore

# A worker announces itself with every sweep; one that missed this many is not counted as live.
MISSED_SWEEPS = 3


def announce_worker(session: Session, name: str) -> None:
    """Record that the worker is alive now."""
    updated = session.execute(
        update(workers)
        .where(workers.c.name == name)
        .values(seen_at=now())
        .returning(workers.c.name)
    )
    if updated.one_or_none() is None:
        # The child processes of a worker announce it concurrently.
        row = {"name": name, "started_at": now(), "seen_at": now()}
        insert_or_ignore(session, workers, row)


def retire_worker(session: Session, name: str) -> None:
    """Delete the row of a worker that has shut down."""
    session.execute(delete(workers).where(workers.c.name == name))


def list_live_workers(session: Session, within_seconds: float) -> tuple[str, ...]:
    """Return the names of the workers seen in the last `within_seconds`."""
    rows = session.execute(
        select(workers.c.name)
        .where(workers.c.seen_at >= shifted(-within_seconds))
        .order_by(workers.c.name)
    )
    return tuple(rows.scalars())


def delete_lost_workers(session: Session, after_seconds: float) -> None:
    """Delete the rows of workers not seen for `after_seconds`."""
    session.execute(delete(workers).where(workers.c.seen_at < shifted(-after_seconds)))
