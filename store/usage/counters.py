"""Bytes stored per owner: one row of counters, changed in the transaction that stores the bytes.

An owner without a limit has no row: then nothing is counted, and no row is locked. `store.quotas`
creates it.
"""

from sqlalchemy import update
from sqlalchemy.orm import Session

from store.db.tables import stored_bytes


def add_usage(
    session: Session, owner: str, *, datasets: int = 0, uploads: int = 0, weights: int = 0
) -> None:
    """Change the counters of an owner; numbers are bytes, negative for those that are deleted.

    Writers of the same owner wait for each other from here to the commit: call it late.
    """
    session.execute(
        update(stored_bytes)
        .where(stored_bytes.c.owner == owner)
        .values(
            datasets=stored_bytes.c.datasets + datasets,
            uploads=stored_bytes.c.uploads + uploads,
            weights=stored_bytes.c.weights + weights,
        )
    )
