"""Alembic environment: use the connection passed in, else the database of the settings."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from store.db.clock import Instant
from store.db.database import Database
from store.db.tables import metadata
from store.settings import load_settings


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Render project types as plain SQLAlchemy types, so that migrations never change meaning."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_item=render_item,
        # SQLite supports few ALTER TABLE operations: Alembic copies the table instead.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    database = Database(load_settings().database_url)
    with database.writing() as session:
        migrate(session.connection())
    database.close()
