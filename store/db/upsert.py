"""Inserts that do nothing on a conflict with an existing or concurrent row."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_or_ignore(session: Session, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its primary key exists; return whether it was inserted.

    Safe against concurrent inserts, like `insert_or_none`.
    """
    statement = _on_conflict_do_nothing(session, table, values).returning(*table.primary_key)
    return session.execute(statement).one_or_none() is not None


def insert_or_none(session: Session, table: Table, values: Mapping[str, Any]) -> RowMapping | None:
    """Insert a row and return it; return None if it violates a unique constraint.

    Safe against a concurrent insert of the same key: PostgreSQL waits for the other transaction,
    and SQLite serializes writers.
    """
    statement = _on_conflict_do_nothing(session, table, values).returning(*table.c)
    return session.execute(statement).mappings().one_or_none()


def _on_conflict_do_nothing(
    session: Session, table: Table, values: Mapping[str, Any]
) -> postgresql.Insert | sqlite.Insert:
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).values(**values).on_conflict_do_nothing()
    return sqlite.insert(table).values(**values).on_conflict_do_nothing()
