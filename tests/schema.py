"""A test's database brought to head in a few milliseconds.

The tables are made as store/tables.py says them. That the migrations make the same is a test of its
own (tests/store/test_schema.py), and every service that a test starts for real migrates.
"""

from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from store.database import Database
from store.schema import _config
from store.tables import metadata

HEAD = ScriptDirectory.from_config(_config()).get_current_head()


def make_schema(database_url: str) -> None:
    """Make all tables in an empty database; one that has them is left as it is."""
    database = Database(database_url)
    with database.writing() as session:
        connection = session.connection()
        if not inspect(connection).has_table("alembic_version"):
            metadata.create_all(connection)
            connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            connection.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    database.close()
