"""Inserting a row that somebody else may be inserting at this very moment."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_unless_known(session: Session, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its primary key is taken; tells whether it was inserted.

    Survives another transaction that inserts the same key: PostgreSQL waits for its end, and
    SQLite's writers exclude each other.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    inserted = session.execute(statement.returning(*table.primary_key))
    return inserted.one_or_none() is not None
