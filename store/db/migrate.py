"""The database's schema: brought to head by Alembic under a lock, and checked before serving.

Alembic is imported only to migrate: loading it takes a fifth of a second, and a process that serves
only compares two revisions.
"""

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from store.db.database import Database
from store.errors import SchemaError

if TYPE_CHECKING:
    from alembic.config import Config

# Any number does, as long as every backpropd uses the same: "bpd" in ASCII.
_LOCK_KEY = 0x627064


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(database_url: str) -> None:
    """Bring the schema to head; several at once wait for each other."""
    from alembic import command

    database = Database(database_url)
    try:
        with database.writing() as session:
            connection = session.connection()
            # On SQLite, BEGIN IMMEDIATE already serializes writers.
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            command.upgrade(_config(connection), "head")
    finally:
        database.close()


def check_schema(database: Database) -> str:
    """The schema's revision. Raises SchemaError unless it is this version's."""
    head = find_head()
    with database.reading() as session:
        current = _current_revision(session.connection())
    if current != head:
        msg = f"the schema is at {current}, this version needs {head}: run `backpropd migrate`"
        raise SchemaError(msg)
    return current


@cache
def find_head() -> str:
    """The newest migration's revision, which begins its file's name; revisions are numbered."""
    names = (file.name for file in files("migrations").joinpath("versions").iterdir())
    return max(name for name in names if name[:4].isdecimal()).partition("_")[0]


def _current_revision(connection: Connection) -> str | None:
    """The revision that Alembic has noted; None in a database that was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
