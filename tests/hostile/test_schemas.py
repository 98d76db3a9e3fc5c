"""Databases of other versions and of other applications: every command refuses, in one line.

Revisions that are later, earlier, missing or not ours are also tested at `store.db.migrate`.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store.db.migrate import find_head, upgrade
from tests.cli.service import clean_environment, run
from tests.hostile.commands import lines_of

LATER, EARLIER = "9999", "0005"
COMMANDS = {
    "api": ("--port", "0"),
    "up": ("--port", "0"),
    "worker": ("--concurrency", "1"),
    "migrate": (),
}


def _execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement)


def _at_revision(path: Path, revision: str) -> None:
    upgrade(f"sqlite:///{path}")
    _execute(path, f"UPDATE alembic_version SET version_num = '{revision}'")


def _later(path: Path) -> None:
    _at_revision(path, LATER)


def _earlier(path: Path) -> None:
    _at_revision(path, EARLIER)


def _of_another_application(path: Path) -> None:
    _execute(path, "CREATE TABLE recipes (id INTEGER)")


def _of_another_application_with_alembic(path: Path) -> None:
    _execute(path, "CREATE TABLE recipes (id INTEGER)")
    _execute(path, "CREATE TABLE alembic_version (version_num VARCHAR(32))")
    _execute(path, f"INSERT INTO alembic_version VALUES ('{find_head()}')")


def _without_a_revision(path: Path) -> None:
    upgrade(f"sqlite:///{path}")
    _execute(path, "DELETE FROM alembic_version")


def _empty(path: Path) -> None:
    path.touch()


FOREIGN = ("of another application", "BACKPROPD_DATABASE_URL to an empty database")
CASES: list[tuple[Callable[[Path], None], tuple[str, ...], tuple[str, ...]]] = [
    (_later, ("worker", "api", "up", "migrate"), (LATER, find_head(), "install the version")),
    (_earlier, ("worker", "api"), (EARLIER, find_head(), "run `backpropd migrate`")),
    (_empty, ("worker", "api"), ("is empty", "run `backpropd migrate`")),
    (_of_another_application, ("worker", "api", "up", "migrate"), FOREIGN),
    (_of_another_application_with_alembic, ("up",), FOREIGN),
    (_without_a_revision, ("migrate",), FOREIGN),
]


@pytest.mark.rare
@pytest.mark.parametrize(
    ("make", "command", "words"),
    [(make, command, words) for make, commands, words in CASES for command in commands],
)
def test_command_refuses_the_schema(
    tmp_path: Path, make: Callable[[Path], None], command: str, words: tuple[str, ...]
) -> None:
    database = tmp_path / "backpropd.sqlite3"
    make(database)
    before = _dump(database)
    environment = clean_environment(
        BACKPROPD_DATA_DIR=str(tmp_path), BACKPROPD_BROKER_URL="redis://127.0.0.1:1/0"
    )
    answer = run(command, *COMMANDS[command], environment=environment)
    assert (answer.returncode, answer.stdout) == (2, ""), answer.stderr
    (line,) = lines_of(answer.stderr)
    assert all(word in line for word in words), line
    assert _dump(database) == before


def _dump(path: Path) -> list[str]:
    """Return the whole content of the database as SQL."""
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())
