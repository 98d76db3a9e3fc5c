"""Artifacts: chunked, deduplicated, and deleted when unused."""

import errno
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import SpooledTemporaryFile

import numpy as np
import pytest
from sqlalchemy import delete, func, select, update

from store.blobs.artifacts import (
    CHUNK_BYTES,
    add_artifact,
    garbage_collect_artifact,
    get_artifact,
    iterate_artifact,
    open_arrays,
)
from store.blobs.packed_arrays import PackedArrays
from store.db.database import Database
from store.db.tables import artifact_chunks, artifacts
from store.errors import DamagedArtifactError, NotFoundError, StorageFullError
from store.jobs.claims import claim_job
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import TrainingCheckpoint, find_training_checkpoint
from store.jobs.training.progress import TrainingProgress, record_training_progress
from store.statuses import KINDS
from tests.store.conftest import transaction_waits
from tests.waiting import wait_for

DATA = bytes(range(256)) * (CHUNK_BYTES // 256) * 2 + b"tail"


def test_bytes_come_back_from_several_chunks(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
    with database.reading() as session:
        assert get_artifact(session, sha256) == DATA
        assert session.scalar(select(func.count()).select_from(artifact_chunks)) == 3


def test_empty_artifact_comes_back(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, b"")
    with database.reading() as session:
        assert get_artifact(session, sha256) == b""


def test_artifact_deleted_while_it_is_read_is_read_to_its_end(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
    with database.reading() as session:
        chunks = iterate_artifact(session, sha256)
        first = next(chunks)
        with database.writing() as other:
            garbage_collect_artifact(other, sha256)
        assert first + b"".join(chunks) == DATA
    with pytest.raises(NotFoundError), database.reading() as session:
        get_artifact(session, sha256)


@pytest.mark.parametrize("position", [0, 1, 2])
def test_artifact_that_lacks_a_chunk_is_damaged(database: Database, position: int) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
        session.execute(delete(artifact_chunks).where(artifact_chunks.c.position == position))
    with pytest.raises(DamagedArtifactError, match=sha256), database.reading() as session:
        get_artifact(session, sha256)


def test_artifact_without_any_chunk_is_damaged(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
        session.execute(delete(artifact_chunks))
    with pytest.raises(DamagedArtifactError, match="0 of its"), database.reading() as session:
        get_artifact(session, sha256)


def test_artifact_with_other_bytes_is_damaged(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
        session.execute(
            update(artifact_chunks).where(artifact_chunks.c.position == 2).values(data=b"fail")
        )
    with pytest.raises(DamagedArtifactError, match="sha256"), database.reading() as session:
        get_artifact(session, sha256)


def test_reading_chunk_by_chunk_takes_the_memory_of_few_chunks(database: Database) -> None:
    chunks = 40
    with database.writing() as session:
        sha256 = add_artifact(session, bytes(chunks * CHUNK_BYTES))
    with database.reading() as session:
        tracemalloc.start()
        assert (
            sum(len(chunk) for chunk in iterate_artifact(session, sha256)) == chunks * CHUNK_BYTES
        )
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < chunks // 3 * CHUNK_BYTES


def test_arrays_in_a_file_are_read_one_at_a_time(database: Database, tmp_path: Path) -> None:
    numbers = np.arange(8 * CHUNK_BYTES, dtype=np.uint8)
    arrays = {"b": numbers, "a": numbers[::-1].copy(), "few": np.array([1.5])}
    with database.writing() as session:
        sha256 = add_artifact(session, PackedArrays(arrays))
    del arrays
    with database.reading() as session:
        tracemalloc.start()
        found = open_arrays(session, sha256, tmp_path / "data")
        assert list(found) == ["a", "b", "few"]
        assert np.array_equal(found["b"], numbers)
        assert np.array_equal(found["a"], numbers[::-1])
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert found["few"].tolist() == [1.5]
    # One array, a comparison of it, and the chunks that a query fetches.
    assert peak < 3 * numbers.nbytes
    assert list((tmp_path / "data").iterdir()) == []


def test_damaged_arrays_leave_no_file(database: Database, tmp_path: Path) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, PackedArrays({"a": np.zeros(CHUNK_BYTES)}))
        session.execute(delete(artifact_chunks).where(artifact_chunks.c.position == 1))
    with pytest.raises(DamagedArtifactError, match=sha256), database.reading() as session:
        open_arrays(session, sha256, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


def test_a_full_disk_is_the_error_of_a_store(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, PackedArrays({"a": np.zeros(CHUNK_BYTES)}))

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(SpooledTemporaryFile, "writelines", fail)
    with pytest.raises(StorageFullError), database.reading() as session:
        open_arrays(session, sha256, tmp_path)


def test_same_bytes_are_kept_once(database: Database) -> None:
    with database.writing() as session:
        assert add_artifact(session, b"x") == add_artifact(session, b"x")
        assert session.scalar(select(func.count()).select_from(artifacts)) == 1


def test_bytes_added_concurrently_are_stored_once(database: Database) -> None:
    def add() -> str:
        with database.writing() as session:
            return add_artifact(session, b"x")

    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            sha256 = add_artifact(session, b"x")
            added = other.submit(add)
            wait_for(lambda: transaction_waits(database))
        assert added.result() == sha256
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(artifacts)) == 1


def test_unused_artifact_is_collected_with_its_chunks(database: Database) -> None:
    with database.writing() as session:
        sha256 = add_artifact(session, DATA)
        garbage_collect_artifact(session, sha256)
        assert session.scalar(select(func.count()).select_from(artifact_chunks)) == 0
    with pytest.raises(NotFoundError), database.reading() as session:
        get_artifact(session, sha256)


def test_last_two_checkpoints_are_kept(database: Database, post: Callable[..., JobRecord]) -> None:
    post()
    with database.writing() as session:
        job = claim_job(session, "w", 20, 3, kinds=KINDS)
    assert job is not None
    for steps in (10, 20, 30):
        checkpoint = TrainingCheckpoint(steps, {"seen": steps}, f"state {steps}".encode())
        with database.writing() as session:
            record_training_progress(
                session, Lease(job.id, job.token), TrainingProgress(), (), checkpoint
            )
    with database.reading() as session:
        last = find_training_checkpoint(session, job.id)
        assert last == TrainingCheckpoint(30, {"seen": 30}, b"state 30")
        assert session.scalar(select(func.count()).select_from(artifacts)) == 2
