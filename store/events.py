"""What happens to a job, as an append-only log that clients page through or listen to.

Whoever appends holds the job's row, so that the ids of one job's events are in the order in which
they become visible.
"""

from typing import Any, Literal

from sqlalchemy import insert
from sqlalchemy.orm import Session

from store.clock import now
from store.tables import events

EventLevel = Literal["info", "warning", "error"]


def add_event(
    session: Session,
    job_id: str,
    type: str,  # noqa: A002 - the field's name in the API
    data: dict[str, Any],
    level: EventLevel = "info",
) -> None:
    """Append to the job's log."""
    session.execute(
        insert(events).values(job_id=job_id, at=now(), level=level, type=type, data=data)
    )
