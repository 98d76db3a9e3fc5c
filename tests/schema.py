"""A test's database at the head of the migrations, made in a few milliseconds.

The tables are created as store/db/tables.py defines them, once per process, and copied. A test of
its own compares them with the migrations (tests/store/db/test_migrate.py), and every service that
a test starts as a process migrates.
"""

import tempfile
from functools import cache
from pathlib import Path
from uuid import uuid4

from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import make_url

from store.db.database import Database
from store.db.migrate import _config
from store.db.tables import metadata

HEAD = ScriptDirectory.from_config(_config()).get_current_head()


def make_schema(database_url: str) -> None:
    """Make all tables, unless the database already has them."""
    url = make_url(database_url)
    if url.get_backend_name() != "sqlite":
        if not _has_tables(database_url):
            create_tables(database_url)
    elif not Path(str(url.database)).exists():
        Path(str(url.database)).write_bytes(_sqlite_file())


def create_tables(database_url: str) -> None:
    """Create all tables, and the revision that the migrations would leave."""
    database = Database(database_url)
    with database.writing() as session:
        connection = session.connection()
        metadata.create_all(connection, checkfirst=False)
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
        own = text("INSERT INTO instance VALUES (:id, 0)")
        connection.execute(own, {"id": str(uuid4())})
    database.close()


def _has_tables(database_url: str) -> bool:
    database = Database(database_url)
    found = inspect(database.engine).has_table("alembic_version")
    database.close()
    return found


@cache
def _sqlite_file() -> bytes:
    with tempfile.TemporaryDirectory(prefix="bpd-schema-") as folder:
        path = Path(folder, "head.sqlite3")
        create_tables(f"sqlite:///{path}")
        return path.read_bytes()
