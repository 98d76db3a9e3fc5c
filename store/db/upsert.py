"""Inserting a row that somebody else may be inserting at this very moment."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import RowMapping, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert_or_ignore(session: Session, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless its primary key is taken; tells whether it was inserted.

    Survives what `insert_or_none` survives.
    """
    statement = _insert_or_nothing(session, table, values).returning(*table.primary_key)
    return session.execute(statement).one_or_none() is not None


def insert_or_none(session: Session, table: Table, values: Mapping[str, Any]) -> RowMapping | None:
    """Insert a row, and return all of it, unless another one has what must be unique.

    Survives another transaction that inserts the same: PostgreSQL waits for its end, and SQLite's
    writers exclude each other.
    """
    statement = _insert_or_nothing(session, table, values).returning(*table.c)
    return session.execute(statement).mappings().one_or_none()


def _insert_or_nothing(
    session: Session, table: Table, values: Mapping[str, Any]
) -> postgresql.Insert | sqlite.Insert:
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table).values(**values).on_conflict_do_nothing()
    return sqlite.insert(table).values(**values).on_conflict_do_nothing()
