"""Blobs without a row: deleted once they are old, in a store that belongs to the database."""

import os
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from store.blobs.blobs import BlobStore, open_blobs
from store.blobs.orphans import MARKER, delete_orphans
from store.datasets.datasets import blob_key, receive_dataset
from store.db.database import Database
from store.db.instance import claim_slow_sweep, read_instance_id
from store.db.tables import instance
from store.settings import load_settings
from store.uploads import UploadPart, add_part, add_upload

DAY = 86_400.0


@pytest.fixture(params=["file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "file":
        return open_blobs(load_settings(data_dir=tmp_path))
    bucket: dict[str, Any] = request.getfixturevalue("bucket")
    return open_blobs(load_settings(data_dir=tmp_path, **bucket))


@pytest.fixture
def put(blobs: BlobStore, tmp_path: Path) -> Any:
    def put(*keys: str) -> None:
        (tmp_path / "source").write_bytes(b"blob")
        for key in keys:
            blobs.put_blob(key, tmp_path / "source")

    return put


def add_rows(database: Database) -> list[str]:
    """Add a dataset under way and a part of an upload; return the keys of their blobs."""
    with database.writing() as session:
        dataset = blob_key(receive_dataset(session, "points"))
        upload = add_upload(session, 100, {}, 60)
        part = f"uploads/{upload.id}/0"
        add_part(session, upload.id, UploadPart(0, 4, part), 60)
    return [dataset, part]


def test_blobs_without_a_row_are_deleted_in_the_store_of_this_database(
    database: Database, blobs: BlobStore, put: Any
) -> None:
    known = add_rows(database)
    put(*known, "elsewhere/of-others")
    # All blobs have a row: the store is marked.
    assert delete_orphans(database, blobs, 0.0) == 0
    with database.reading() as session:
        assert blobs.read_text(MARKER) == read_instance_id(session)
    put("datasets/ds_gone.arrow", "uploads/up_gone/0")
    assert delete_orphans(database, blobs, DAY) == 0
    assert delete_orphans(database, blobs, 0.0) == 2
    kept = [*known, "elsewhere/of-others", MARKER]
    assert sorted(blobs.list_blobs("")) == sorted(kept)


def test_a_store_without_a_mark_and_with_blobs_of_others_is_left_alone(
    database: Database, blobs: BlobStore, put: Any, caplog: pytest.LogCaptureFixture
) -> None:
    put("datasets/ds_of_others.arrow")
    assert delete_orphans(database, blobs, 0.0) == 0
    assert blobs.list_blobs("datasets") == ["datasets/ds_of_others.arrow"]
    assert blobs.read_text(MARKER) is None
    assert f"into its blob {MARKER}" in caplog.text


def test_a_copy_of_the_database_with_another_id_deletes_nothing(
    database: Database, blobs: BlobStore, put: Any, caplog: pytest.LogCaptureFixture
) -> None:
    assert delete_orphans(database, blobs, 0.0) == 0
    with database.writing() as session:
        session.execute(update(instance).values(id="copy"))
    put("datasets/ds_later.arrow")
    assert delete_orphans(database, blobs, 0.0) == 0
    assert blobs.list_blobs("datasets") == ["datasets/ds_later.arrow"]
    assert "belongs to the database" in caplog.text


def test_old_staged_files_are_deleted(database: Database, tmp_path: Path) -> None:
    blobs = open_blobs(load_settings(data_dir=tmp_path))
    assert delete_orphans(database, blobs) == 0
    old, new = (tmp_path / "blobs" / "datasets" / f"{name}.arrow#1" for name in ("old", "new"))
    for staged in (old, new):
        staged.parent.mkdir(exist_ok=True)
        staged.write_bytes(b"half")
    then = time.time() - DAY - 60
    os.utime(old, (then, then))
    assert delete_orphans(database, blobs) == 1
    assert (old.exists(), new.exists()) == (False, True)


def test_one_of_many_workers_sweeps(database: Database) -> None:
    with database.writing() as session:
        assert claim_slow_sweep(session, 3_600.0)
        assert not claim_slow_sweep(session, 3_600.0)
        assert claim_slow_sweep(session, -1.0)
