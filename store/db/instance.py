"""The identity of a database, and the time of its last slow sweep: the row of `instance`."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from store.db.clock import now, shifted
from store.db.tables import instance


def read_instance_id(session: Session) -> str:
    """Return the id that the migration has given to this database."""
    found: str = session.execute(select(instance.c.id)).scalar_one()
    return found


def claim_slow_sweep(session: Session, every_seconds: float) -> bool:
    """Return whether a slow sweep is due, which is then the caller's: one of many workers'."""
    due = update(instance).where(instance.c.swept_at <= shifted(-every_seconds))
    return bool(session.execute(due.values(swept_at=now()).returning(instance.c.id)).all())
