"""The database's schema: brought to head by Alembic under a lock, and checked before serving."""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.database import Database
from store.errors import SchemaError

# Any number does, as long as every backpropd uses the same: "bpd" in ASCII.
_LOCK_KEY = 0x627064


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("migrations")))
    config.attributes["connection"] = connection
    return config


def upgrade(database_url: str) -> None:
    """Bring the schema to head; several at once wait for each other."""
    database = Database(database_url)
    try:
        with database.writing() as session:
            connection = session.connection()
            # SQLite's writers exclude each other already (BEGIN IMMEDIATE).
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})
            command.upgrade(_config(connection), "head")
    finally:
        database.close()


def check_schema(database: Database) -> str:
    """The schema's revision. Raises SchemaError unless it is this version's."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.reading() as session:
        current = MigrationContext.configure(session.connection()).get_current_revision()
    if current != head or current is None:
        msg = f"the schema is at {current}, this version needs {head}: run `backpropd migrate`"
        raise SchemaError(msg)
    return current
