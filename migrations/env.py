"""Alembic's environment: on the connection it is given, else on the settings' database."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection

from store.clock import Instant
from store.database import Database
from store.settings import load_settings
from store.tables import metadata


def render_item(kind: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """A migration keeps its meaning for ever: it names plain types, never the project's own."""
    return "sa.BigInteger()" if kind == "type" and isinstance(item, Instant) else False


def migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        render_item=render_item,
        # SQLite cannot alter most of a table: Alembic copies it instead.
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
