"""Connections and transactions: one `with database.writing() as session` per use case."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from store.db.errors import store_error
from store.db.finite import dump_json
from store.errors import ConfigurationError

# By driver name: the name of the driver that is installed with the service.
_DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
BUSY_TIMEOUT_MS = 10_000
WAL_RETRY_SECONDS = 0.01
# An unresponsive PostgreSQL server is detected within about these times, whatever the cause.
CONNECT_SECONDS = 5
UNRESPONSIVE_SECONDS = 15
_TIMEOUTS = {
    "connect_timeout": CONNECT_SECONDS,
    "keepalives_idle": CONNECT_SECONDS,
    "keepalives_interval": CONNECT_SECONDS,
    "keepalives_count": 2,
    "tcp_user_timeout": UNRESPONSIVE_SECONDS * 1000,
    # Bounds how long a process stopped within a transaction keeps its job's row locked.
    "options": f"-c idle_in_transaction_session_timeout={UNRESPONSIVE_SECONDS * 1000}",
}


class Database:
    """A connection pool of one database, with read and write transactions.

    On SQLite a writer starts with BEGIN IMMEDIATE: `busy_timeout` does not apply to a transaction
    that is upgraded from reader to writer. On PostgreSQL both are READ COMMITTED.
    """

    def __init__(self, url: str) -> None:
        """Raises ConfigurationError if no database can have the URL."""
        self.engine = _make_engine(url)
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._writers = sessionmaker(
            self.engine.execution_options(backpropd_writes=True), expire_on_commit=False
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a read transaction. Raises StoreUnavailableError, UnstorableValueError."""
        with _errors_translated(), self._readers.begin() as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a write transaction, which commits at the end of the block.

        Raises StoreUnavailableError, UnstorableValueError.
        """
        with _errors_translated(), self._writers.begin() as session:
            yield session

    def ping(self) -> None:
        """Run a trivial query. Raises StoreUnavailableError."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        """Close all connections of the pool."""
        self.engine.dispose()


@contextmanager
def _errors_translated() -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        found = store_error(error)
        if found is None:
            raise
        raise found from error


def _make_engine(url: str) -> Engine:
    parsed = _parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        engine = create_engine(
            parsed, pool_size=20, max_overflow=30, pool_timeout=10, json_serializer=dump_json
        )
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(
        parsed,
        pool_size=10,
        max_overflow=30,
        pool_timeout=10,
        # The server may have ended a pooled connection: a ping replaces it before its next use.
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        json_serializer=dump_json,
        # Values in the URL take precedence.
        connect_args={name: value for name, value in _TIMEOUTS.items() if name not in parsed.query},
    )


def _parse_url(url: str) -> URL:
    # The URL may contain a password: no message shows it, and no cause with the URL is kept.
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        msg = (
            "BACKPROPD_DATABASE_URL is not a URL: it must be sqlite:///path or "
            "postgresql://user:password@host:port/name, with a number as port, and with special "
            "characters of the password in percent-encoding"
        )
        raise ConfigurationError(msg) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        msg = (
            f"BACKPROPD_DATABASE_URL: {parsed.drivername}:// is not supported, only sqlite:///path "
            "and postgresql://user:password@host/name"
        )
        raise ConfigurationError(msg)
    if driver == "sqlite" and parsed.database in {None, "", ":memory:"}:
        msg = "BACKPROPD_DATABASE_URL: a database in memory is not shared by the processes"
        raise ConfigurationError(msg)
    return parsed.set(drivername=driver)


def _configure_sqlite(connection: Any, _record: Any) -> None:  # noqa: ANN401 - a DBAPI connection
    # The driver's own BEGIN comes too late and is never IMMEDIATE: it is issued explicitly.
    connection.isolation_level = None
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    _enable_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _enable_wal(connection: Any) -> None:  # noqa: ANN401 - a DBAPI connection
    """Enable write-ahead logging, with retries while the database is locked.

    Switching a new file to WAL needs an exclusive lock, to which `busy_timeout` does not apply:
    if two processes open a new file concurrently, one of them fails immediately with SQLITE_BUSY.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(WAL_RETRY_SECONDS)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("backpropd_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
