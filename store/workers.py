"""Registry of live workers: each records when it was last alive, and its environment."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import workers
from store.db.upsert import insert_or_ignore

# A worker announces itself with every sweep; one that missed this many is not counted as live.
MISSED_SWEEPS = 3


def announce_worker(session: Session, name: str, environment: Mapping[str, Any]) -> None:
    """Record that the worker is alive now, with the fingerprint of its environment."""
    seen = {"seen_at": now(), "environment": dict(environment)}
    updated = session.execute(
        update(workers).where(workers.c.name == name).values(seen).returning(workers.c.name)
    )
    if updated.one_or_none() is None:
        # The child processes of a worker announce it concurrently.
        insert_or_ignore(session, workers, {"name": name, "started_at": now(), **seen})


def retire_worker(session: Session, name: str) -> None:
    """Delete the row of a worker that has shut down."""
    session.execute(delete(workers).where(workers.c.name == name))


def find_live_environments(
    session: Session, within_seconds: float
) -> dict[str, dict[str, Any] | None]:
    """Return the environments of the workers seen in the last `within_seconds`, by name.

    None for a worker of an earlier version, which does not record it.
    """
    rows = session.execute(
        select(workers.c.name, workers.c.environment)
        .where(workers.c.seen_at >= shifted(-within_seconds))
        .order_by(workers.c.name)
    )
    return {row.name: row.environment for row in rows}


def list_live_workers(session: Session, within_seconds: float) -> tuple[str, ...]:
    """Return the names of the workers seen in the last `within_seconds`."""
    return tuple(find_live_environments(session, within_seconds))


def delete_lost_workers(session: Session, after_seconds: float) -> None:
    """Delete the rows of workers not seen for `after_seconds`."""
    session.execute(delete(workers).where(workers.c.seen_at < shifted(-after_seconds)))
