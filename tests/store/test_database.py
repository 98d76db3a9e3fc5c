"""Connections: what they do when others have the database."""

import sqlite3
import time
from pathlib import Path

import pytest

from store.database import Database


def test_new_sqlite_file_that_another_process_is_writing_is_waited_for(
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
