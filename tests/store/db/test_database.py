"""Connections: locks, full disks, lost connections, and unavailable servers."""

import sqlite3
import time
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from store.db.database import Database
from store.errors import (
    ConfigurationError,
    DamagedDatabaseError,
    StorageFullError,
    StoreUnavailableError,
    UnstorableValueError,
)


def test_opening_a_new_sqlite_file_waits_for_another_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "new.sqlite3"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE something (x)")
    waits: list[float] = []

    def commit_meanwhile(seconds: float) -> None:
        waits.append(seconds)
        other.execute("COMMIT")

    monkeypatch.setattr(time, "sleep", commit_meanwhile)
    opened = Database(f"sqlite:///{path}")
    opened.ping()
    opened.close()
    other.close()
    assert len(waits) == 1


def test_full_disk_of_sqlite_is_storage_full(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'full.sqlite3'}")
    with database.writing() as session:
        session.execute(text("CREATE TABLE something (x)"))
        session.execute(text("PRAGMA max_page_count = 8"))
    with pytest.raises(StorageFullError), database.writing() as session:
        session.execute(text("INSERT INTO something VALUES (zeroblob(100000))"))
    with database.writing() as session:
        session.execute(text("INSERT INTO something VALUES (1)"))
    with database.reading() as session:
        assert session.execute(text("SELECT x FROM something")).scalars().all() == [1]
    database.close()


def test_table_that_is_not_there_is_not_a_database_that_is_away(database: Database) -> None:
    with pytest.raises(DBAPIError), database.reading() as session:
        session.execute(text("SELECT x FROM nothing"))


def test_locked_sqlite_is_away_for_the_moment(tmp_path: Path) -> None:
    path = tmp_path / "locked.sqlite3"
    database = Database(f"sqlite:///{path}")
    database.ping()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.reading() as session:
        session.execute(text("PRAGMA busy_timeout = 0"))
    with pytest.raises(StoreUnavailableError), database.writing() as session:
        session.execute(text("CREATE TABLE another (x)"))
    other.close()
    database.close()


def test_sqlite_file_that_cannot_be_opened_is_away(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'no folder' / 'test.sqlite3'}")
    with pytest.raises(StoreUnavailableError):
        database.ping()
    database.close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("mysql://u:hush@h/x", "mysql:// is not supported"),
        ("postgres://u:hush@h/x", "postgres:// is not supported"),
        ("postgresql+asyncpg://u:hush@h/x", "is not supported"),
        ("postgresql://u:hush@h:port/x", "a number as port"),
        ("hush", "is not a URL"),
        ("", "is not a URL"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_url_that_no_database_can_have(url: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why) as refused:
        Database(url)
    assert "BACKPROPD_DATABASE_URL" in str(refused.value)
    assert "hush" not in str(refused.value)


def test_sqlite_file_that_is_another_ones_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    path.write_bytes(b"something else" * 1000)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(DamagedDatabaseError, match="restore a backup"):
        database.ping()
    database.close()


@pytest.mark.parametrize("url", ["postgresql://nobody@/postgres", "postgresql:///nothing"])
def test_server_that_lets_nobody_in_is_away(postgres_url: str, url: str) -> None:
    known = make_url(postgres_url)
    wanted = make_url(url)
    refused = known.set(
        username=wanted.username or known.username, database=wanted.database
    ).render_as_string(hide_password=False)
    database = Database(refused)
    with pytest.raises(StoreUnavailableError):
        database.ping()
    database.close()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("53100", StorageFullError),
        ("25006", StoreUnavailableError),
        ("57P03", StoreUnavailableError),
        ("57P01", StoreUnavailableError),
        ("57014", StoreUnavailableError),
        ("53300", StoreUnavailableError),
        ("58030", StoreUnavailableError),
        ("08006", StoreUnavailableError),
        ("40001", StoreUnavailableError),
        ("40P01", StoreUnavailableError),
        ("25P03", StoreUnavailableError),
        # An OperationalError of the driver that waiting does not mend.
        ("55000", DBAPIError),
        ("F0000", DBAPIError),
        ("42P01", DBAPIError),
        ("22003", UnstorableValueError),
    ],
)
def test_sqlstate_of_postgresql_is_translated(
    postgres_url: str, state: str, expected: type[Exception]
) -> None:
    database = Database(postgres_url)
    fail = f"DO $$ BEGIN RAISE EXCEPTION 'a' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(expected) as raised, database.writing() as session:
        session.execute(text(fail))
    assert type(raised.value) is expected or expected is DBAPIError
    database.close()


def test_terminated_postgresql_connections_are_replaced(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.reading() as one, database.reading() as another:
        pids = [session.scalar(text("SELECT pg_backend_pid()")) for session in (one, another)]
    with pytest.raises(StoreUnavailableError), database.writing() as session:
        session.execute(text("SELECT pg_terminate_backend(unnest(:pids))"), {"pids": pids})
    for _ in range(3):
        database.ping()
    database.close()


def test_missing_server_is_store_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql://postgres@/postgres?host={tmp_path}")
    with pytest.raises(StoreUnavailableError):
        database.ping()
    database.close()
