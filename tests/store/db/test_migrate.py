"""The migrations create the defined tables, on all databases."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Column, Connection, MetaData, insert, select, text

from store.db.clock import Instant
from store.db.database import Database
from store.db.migrate import _config, check_schema, find_head, upgrade
from store.db.tables import metadata
from store.errors import SchemaError, StoreUnavailableError
from store.jobs.claims import claim_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.losses import LossRecord, list_losses
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.statuses import KINDS

HEAD = ScriptDirectory.from_config(_config()).get_current_head()


def test_migrated_schema_is_what_the_tables_say(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    database = Database(empty_database_url)

    def is_plain_integer(*types: object) -> bool | None:
        return False if any(isinstance(kind, Instant) for kind in types) else None

    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": lambda *args: is_plain_integer(*args[3:])}
        )
        assert compare_metadata(context, metadata) == []
    database.close()


def test_newest_migration_is_found_without_alembic() -> None:
    assert find_head() == HEAD


def test_upgrading_twice_and_at_once_is_harmless(empty_database_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(upgrade, [empty_database_url] * 4))
    database = Database(empty_database_url)
    assert check_schema(database) == HEAD
    database.close()


def test_losses_survive_a_migration_there_and_back(
    database: Database, post: Callable[..., JobRecord]
) -> None:
    job = post()
    with database.writing() as session:
        claimed = claim_job(session, "w", 20, 3, kinds=KINDS)
        assert claimed is not None
        stored = [LossRecord(0, 0.5, None, {"r2": 0.1}, 0.1, None, 0.5, [{"name": "output"}])]
        record_training_progress(
            session, Lease(claimed.id, claimed.token), TrainingProgress(epoch=1), stored
        )
    for change, revision in ((command.downgrade, "0004"), (command.upgrade, "head")):
        with database.writing() as session:
            config = _config()
            config.attributes["connection"] = session.connection()
            change(config, revision)
    with database.reading() as session:
        assert list_losses(session, job.id, -1, 10).epochs == (
            replace(stored[0], gradient_norm=0.0),
        )


def test_empty_database_is_refused_until_it_is_migrated(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    with pytest.raises(SchemaError, match="empty: run `backpropd migrate`"):
        check_schema(database)
    upgrade(empty_database_url)
    assert check_schema(database) == HEAD
    database.close()


@pytest.mark.parametrize(
    ("statement", "why", "is_upgraded"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "9999 of a later version", False),
        ("UPDATE alembic_version SET version_num = '0001'", "0001 of an earlier", True),
        ("UPDATE alembic_version SET version_num = 'a1b2c3d4'", "another application", False),
        ("INSERT INTO alembic_version VALUES ('0001')", "another application", False),
        ("DELETE FROM alembic_version", "another application", False),
        ("DROP TABLE alembic_version", "another application", False),
    ],
)
def test_schema_that_is_not_of_this_version_is_refused(
    empty_database_url: str, statement: str, why: str, is_upgraded: bool
) -> None:
    upgrade(empty_database_url)
    database = Database(empty_database_url)
    with database.writing() as session:
        session.execute(text(statement))
    with pytest.raises(SchemaError, match=why):
        check_schema(database)
    if not is_upgraded:
        with pytest.raises(SchemaError, match=why):
            upgrade(empty_database_url)
    database.close()


@pytest.mark.parametrize("has_revision", [False, True])
def test_database_of_another_application_is_left_alone(
    empty_database_url: str, has_revision: bool
) -> None:
    database = Database(empty_database_url)
    with database.writing() as session:
        session.execute(text("CREATE TABLE recipes (id INTEGER)"))
        if has_revision:
            session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
            session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})
    for refused in (lambda: upgrade(empty_database_url), lambda: check_schema(database)):
        with pytest.raises(SchemaError, match="set BACKPROPD_DATABASE_URL to an empty database"):
            refused()
    with database.reading() as session:
        tables = MetaData()
        tables.reflect(session.connection())
    assert "jobs" not in tables.tables
    database.close()


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/at/all.sqlite3", "postgresql://u:secret@127.0.0.1:1/x"]
)
def test_error_of_an_unavailable_database_does_not_show_the_password(url: str) -> None:
    with pytest.raises(StoreUnavailableError) as unavailable:
        upgrade(url)
    assert "secret" not in str(unavailable.value)


ADDED_IN_0011 = ("digest", "subject_id", "question", "required_environment", "result")
VERSIONED = ("jobs", "models", "checkpoints", "datasets")


@pytest.mark.parametrize(
    ("before", "after", "renamed", "added"),
    [
        ("0004", "0005", {}, {}),
        ("0005", "0006", {"rung_at": "dispatched_at"}, {}),
        ("0006", "0007", {}, {name: {"spec_version": 1} for name in VERSIONED}),
        ("0007", "0008", {}, {"jobs": {"kind": "training"}}),
        ("0008", "0009", {}, {"models": {"numerics": 1}, "workers": {"environment": None}}),
        ("0010", "0011", {}, {"jobs": dict.fromkeys(ADDED_IN_0011)}),
    ],
)
def test_migration_keeps_the_rows_of_every_table(
    empty_database_url: str,
    before: str,
    after: str,
    renamed: dict[str, str],
    added: dict[str, dict[str, Any]],
) -> None:
    database = Database(empty_database_url)
    with database.writing() as session:
        command.upgrade(_config(session.connection()), before)
        tables = MetaData()
        tables.reflect(session.connection())
        for table in tables.sorted_tables:
            if table.name != "alembic_version":
                values = {column.name: _filler(column) for column in table.columns}
                session.execute(insert(table).values(values))
        kept = _read_rows(session.connection())
        command.upgrade(_config(session.connection()), after)
        found = _read_rows(session.connection())
    expected = {
        name: {renamed.get(key, key): value for key, value in row.items()} | added.get(name, {})
        for name, row in kept.items()
    }
    assert found == {**expected, "alembic_version": {"version_num": after}}
    assert len(found) > 10
    database.close()


def test_models_that_exist_have_the_first_numerics_unless_imported(
    empty_database_url: str,
) -> None:
    database = Database(empty_database_url)
    with database.writing() as session:
        connection = session.connection()
        command.upgrade(_config(connection), "0006")
        tables = MetaData()
        tables.reflect(connection)
        for table, ids in (
            ("artifacts", {"sha256": "x"}),
            ("jobs", {"id": "j"}),
            ("models", {"id": "trained", "job_id": "j", "artifact": "x"}),
            ("models", {"id": "imported", "artifact": "x"}),
        ):
            needed = (column for column in tables.tables[table].columns if not column.nullable)
            values = {column.name: _filler(column) for column in needed}
            session.execute(insert(tables.tables[table]).values(**{**values, **ids}))
    upgrade(empty_database_url)
    with database.reading() as session:
        found = session.execute(text("SELECT id, numerics FROM models ORDER BY id")).all()
        assert [tuple(row) for row in found] == [("imported", None), ("trained", 1)]
    database.close()


@pytest.mark.parametrize(("kind", "is_refused"), [("training", False), ("other", True)])
def test_downgrade_is_refused_while_jobs_of_other_kinds_exist(
    database: Database, post: Callable[..., JobRecord], kind: str, is_refused: bool
) -> None:
    post()
    refusal = pytest.raises(RuntimeError, match="other kinds") if is_refused else nullcontext()
    with refusal, database.writing() as session:
        session.execute(text("UPDATE jobs SET kind = :kind"), {"kind": kind})
        command.downgrade(_config(session.connection()), "0007")


@pytest.mark.parametrize(("subject_id", "is_refused"), [(None, False), ("job_0", True)])
def test_downgrade_is_refused_while_jobs_about_other_jobs_exist(
    database: Database,
    post: Callable[..., JobRecord],
    subject_id: str | None,
    is_refused: bool,
) -> None:
    post()
    refusal = pytest.raises(RuntimeError, match="about other jobs") if is_refused else nullcontext()
    with refusal, database.writing() as session:
        session.execute(text("UPDATE jobs SET subject_id = :subject"), {"subject": subject_id})
        command.downgrade(_config(session.connection()), "0010")


def _read_rows(connection: Connection) -> dict[str, dict[str, Any]]:
    """Return the only row of every table."""
    tables = MetaData()
    tables.reflect(connection)
    return {
        table.name: dict(connection.execute(select(table)).mappings().one())
        for table in tables.sorted_tables
    }


def _filler(column: Column[Any]) -> object:
    """Return a value other than the column's default; equal texts, so that keys refer to rows."""
    if isinstance(column.type, JSON):
        return {"a": [1]}
    values = {bool: False, int: 7, float: 0.5, str: "a", bytes: b"a"}
    return values[column.type.python_type]
