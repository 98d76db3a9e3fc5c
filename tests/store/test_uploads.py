"""Resumable uploads, on all databases: the offset advances once per stored part."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from store.blobs.blobs import open_blobs
from store.db.clock import shifted
from store.db.database import Database
from store.db.tables import upload_parts, uploads
from store.errors import NotFoundError, OffsetConflictError, UploadExpiredError
from store.settings import load_settings
from store.uploads import (
    UploadPart,
    UploadRecord,
    add_part,
    add_upload,
    delete_parts,
    delete_upload,
    get_upload,
    list_expired_uploads,
    list_parts,
    mark_upload_expired,
)
from tests.store.conftest import transaction_waits
from tests.waiting import wait_for


@pytest.fixture
def upload(database: Database) -> UploadRecord:
    with database.writing() as session:
        return add_upload(session, 10, {"filename": "a.csv"}, 60, owner="b")


def add(database: Database, upload: UploadRecord, offset: int, size: int) -> UploadRecord:
    with database.writing() as session:
        return add_part(session, upload.id, UploadPart(offset, size, f"at {offset}"), 60)


def expire(database: Database) -> None:
    with database.writing() as session:
        session.execute(update(uploads).values(expires_at=shifted(-1)))


def test_upload_begins_empty(database: Database, upload: UploadRecord) -> None:
    assert upload.id.startswith("up_")
    assert (upload.length, upload.offset, upload.metadata) == (10, 0, {"filename": "a.csv"})
    assert (upload.expires_at - upload.created_at).total_seconds() == pytest.approx(60, abs=1)
    with database.reading() as session:
        assert get_upload(session, upload.id) == upload


def test_parts_move_the_offset_and_keep_their_order(
    database: Database, upload: UploadRecord
) -> None:
    assert add(database, upload, 0, 6).offset == 6
    last = add(database, upload, 6, 4)
    assert last.offset == 10
    assert last.expires_at >= upload.expires_at
    with database.reading() as session:
        parts = list_parts(session, upload.id)
    assert parts == (UploadPart(0, 6, "at 0"), UploadPart(6, 4, "at 6"))


@pytest.mark.parametrize(("offset", "size"), [(0, 3), (5, 3), (3, 8)])
def test_part_that_does_not_fit_is_refused(
    database: Database, upload: UploadRecord, offset: int, size: int
) -> None:
    add(database, upload, 0, 3)
    with pytest.raises(OffsetConflictError) as conflict:
        add(database, upload, offset, size)
    assert conflict.value.offset == 3
    with database.reading() as session:
        assert get_upload(session, upload.id).offset == 3


def test_second_of_two_concurrent_parts_is_refused(
    database: Database, upload: UploadRecord
) -> None:
    with ThreadPoolExecutor(1) as other:
        with database.writing() as session:
            add_part(session, upload.id, UploadPart(0, 4, "mine"), 60)
            theirs = other.submit(add, database, upload, 0, 5)
            wait_for(lambda: transaction_waits(database))
        with pytest.raises(OffsetConflictError, match="byte 4"):
            theirs.result()
    with database.reading() as session:
        assert list_parts(session, upload.id) == (UploadPart(0, 4, "mine"),)


def test_expired_upload_accepts_no_parts_and_is_listed(
    database: Database, upload: UploadRecord
) -> None:
    with database.reading() as session:
        assert list_expired_uploads(session) == ()
    expire(database)
    with pytest.raises(UploadExpiredError):
        add(database, upload, 0, 3)
    with database.reading() as session:
        assert list_expired_uploads(session) == (upload.id,)
        with pytest.raises(UploadExpiredError):
            get_upload(session, upload.id)


def test_cancelled_upload_expires_once(database: Database, upload: UploadRecord) -> None:
    with database.writing() as session:
        mark_upload_expired(session, upload.id)
    with pytest.raises(UploadExpiredError), database.writing() as session:
        mark_upload_expired(session, upload.id)


def test_unknown_upload_is_not_found(database: Database) -> None:
    with database.writing() as session:
        for act in (get_upload, mark_upload_expired):
            with pytest.raises(NotFoundError):
                act(session, "up_none")
        with pytest.raises(NotFoundError):
            add_part(session, "up_none", UploadPart(0, 1, "x"), 60)


def test_only_an_expired_upload_is_deleted_and_its_parts_with_it(
    database: Database, upload: UploadRecord
) -> None:
    add(database, upload, 0, 3)
    with database.writing() as session:
        delete_upload(session, upload.id)
        assert get_upload(session, upload.id).offset == 3
    expire(database)
    with database.writing() as session:
        delete_upload(session, upload.id)
        assert session.scalar(select(func.count()).select_from(upload_parts)) == 0
    with pytest.raises(NotFoundError), database.reading() as session:
        get_upload(session, upload.id)


def test_recorded_and_unrecorded_parts_are_deleted(tmp_path: Path) -> None:
    blobs = open_blobs(load_settings(data_dir=tmp_path))
    (tmp_path / "part").touch()
    for key in ("uploads/up_1/0", "uploads/up_1/lost", "uploads/up_2/0"):
        blobs.put_blob(key, tmp_path / "part")
    delete_parts(blobs, "up_1")
    assert blobs.list_blobs("uploads") == ["uploads/up_2/0"]
