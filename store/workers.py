"""Which workers are alive, as they announce themselves."""

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import workers
from store.db.upsert import insert_or_ignore


def announce_worker(session: Session, name: str) -> None:
    """Note that the worker is alive now."""
    seen = session.execute(
        update(workers)
        .where(workers.c.name == name)
        .values(seen_at=now())
        .returning(workers.c.name)
    )
    if seen.one_or_none() is None:
        # A worker's children announce it side by side.
        row = {"name": name, "started_at": now(), "seen_at": now()}
        insert_or_ignore(session, workers, row)


def retire_worker(session: Session, name: str) -> None:
    """Forget a worker that has left."""
    session.execute(delete(workers).where(workers.c.name == name))


def list_live_workers(session: Session, within_seconds: float) -> tuple[str, ...]:
    """Names of the workers seen lately."""
    rows = session.execute(
        select(workers.c.name)
        .where(workers.c.seen_at >= shifted(-within_seconds))
        .order_by(workers.c.name)
    )
    return tuple(rows.scalars())


def delete_lost_workers(session: Session, after_seconds: float) -> None:
    """Forget workers that have not been seen for so long."""
    session.execute(delete(workers).where(workers.c.seen_at < shifted(-after_seconds)))
