"""The database's schema: brought to head by Alembic under a lock, and checked before serving.

Alembic is imported only to migrate: loading it takes a fifth of a second, and a process that serves
only compares two revisions.
"""

import re
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
_VERSION_TABLE = "alembic_version"
_FIRST_TABLES = frozenset({"datasets", "jobs", "models"})


def _config(connection: Connection | None = None) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(database_url: str) -> None:
    """Bring the schema to head; several at once wait for each other.

    Raises SchemaError if the schema is of a later version or of another application,
    ConfigurationError, StoreUnavailableError.
    """
    from alembic import command

    database = Database(database_url)
    try:
        with database.writing() as session:
            connection = session.connection()
            # On SQLite, BEGIN IMMEDIATE already serializes writers.
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            revision = find_revision(connection)
            if revision is not None and revision > find_head():
                raise SchemaError(_describe_later(revision))
            command.upgrade(_config(connection), "head")
    finally:
        database.close()


def check_schema(database: Database) -> str:
    """Return the schema's revision. Raises SchemaError unless it is this version's."""
    head = find_head()
    with database.reading() as session:
        current = find_revision(session.connection())
    if current is None:
        msg = "the database is empty: run `backpropd migrate`, which creates its tables"
        raise SchemaError(msg)
    if current < head:
        msg = (
            f"the database has the schema {current} of an earlier version, this version needs "
            f"{head}: back it up, then run `backpropd migrate`"
        )
        raise SchemaError(msg)
    if current > head:
        raise SchemaError(_describe_later(current))
    return current


def _describe_later(revision: str) -> str:
    return (
        f"the database has the schema {revision} of a later version, this version reads "
        f"{find_head()}: install the version that migrated it, or restore the backup from before "
        "(there is no way back)"
    )


@cache
def find_head() -> str:
    """The newest migration's revision, which begins its file's name; revisions are numbered."""
    names = (file.name for file in files("migrations").joinpath("versions").iterdir())
    return max(name for name in names if name[:4].isdecimal()).partition("_")[0]


def find_revision(connection: Connection) -> str | None:
    """Return the revision of the schema, of any version; None if the database is empty.

    Raises SchemaError if the tables are of another application.
    """
    tables = set(inspect(connection).get_table_names())
    if not tables - {_VERSION_TABLE}:
        return None
    found: list[str] = []
    if _VERSION_TABLE in tables:
        found += connection.execute(text("SELECT version_num FROM alembic_version")).scalars()
    # Revisions are numbered, and every version since the first has these tables.
    is_ours = len(found) == 1 and re.fullmatch(r"\d{4}", found[0]) and tables >= _FIRST_TABLES
    if not is_ours:
        msg = (
            "the database has the tables of another application, or was changed by hand: set "
            "BACKPROPD_DATABASE_URL to an empty database"
        )
        raise SchemaError(msg)
    return found[0]
