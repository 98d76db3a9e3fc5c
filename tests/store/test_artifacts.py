"""Large bytes in rows: whole, once, and gone when nobody needs them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from store.artifacts import CHUNK_BYTES, add_artifact, collect_artifact, get_artifact
from store.checkpoints import Checkpoint, find_checkpoint
from store.claims import claim_job
from store.database import Database
from store.errors import NotFoundError
from store.jobs import JobRecord
from store.leases import Lease
from store.progress import Progress, record_progress
from store.tables import artifact_chunks, artifacts
from tests.store.conftest import somebody_waits
from tests.waiting import wait_for

DATA = bytes(range(256)) * (CHUNK_BYTES // 256) * 2 + b"tail"


def test_bytes_come_back_from_several_chunks(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
    with database.reading() as session:
        assert get_artifact(session, sha256) == DATA
        assert session.scalar(select(func.count()).select_from(artifact_chunks)) == 3


def test_same_bytes_are_kept_once(database: Database) -> None:
    with database.writing() as session:
        assert add_artifact(session, b"x") == add_artifact(session, b"x")
        assert session.scalar(select(func.count()).select_from(artifacts)) == 1


def test_same_bytes_added_by_two_at_once_are_kept_once(database: Database) -> None:
    def add() -> str:
        with database.writing() as session:
            return add_artifact(session, b"x")

    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            sha256 = add_artifact(session, b"x")
            added = other.submit(add)
            wait_for(lambda: somebody_waits(database))
        assert added.result() == sha256
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(artifacts)) == 1


def test_unused_artifact_is_collected_with_its_chunks(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
        collect_artifact(session, sha256)
        assert session.scalar(select(func.count()).select_from(artifact_chunks)) == 0
    with pytest.raises(NotFoundError), database.reading() as session:
        get_artifact(session, sha256)


def test_last_two_checkpoints_are_kept(database: Database, post: Callable[..., JobRecord]) -> None:
    post()
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3)
    assert job is not None
    for steps in (10, 20, 30):
        checkpoint = Checkpoint(1, steps, {"seen": steps}, f"state {steps}".encode())
        with database.writing() as session:
            record_progress(session, Lease(job.id, job.token), Progress(), (), checkpoint)
    with database.reading() as session:
        last = find_checkpoint(session, job.id)
        assert last == Checkpoint(1, 30, {"seen": 30}, b"state 30")
        assert session.scalar(select(func.count()).select_from(artifacts)) == 2
