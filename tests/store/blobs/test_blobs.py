"""Blobs in a folder, and in a bucket with a disk cache."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from store.blobs.blobs import RANGE_BYTES, BlobStore, open_blobs
from store.errors import NotFoundError, StorageFullError, StoreUnavailableError
from store.settings import Settings, load_settings
from tests.limited import files_limited

SHA256 = hashlib.sha256(b"columns").hexdigest()


def find_path(blobs: BlobStore, key: str, sha256: str = "") -> Path:
    """Return the path of a blob's local file, for immediate use."""
    with blobs.hold_path(key, sha256) as path:
        return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"columns")
    return path


@pytest.fixture
def in_bucket(tmp_path: Path, bucket: dict[str, Any]) -> Settings:
    return load_settings(data_dir=tmp_path, **bucket)


@pytest.fixture(params=["file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "file":
        return open_blobs(load_settings(blob_url=f"file://{tmp_path / 'b l ö b'}"))
    settings: Settings = request.getfixturevalue("in_bucket")
    return open_blobs(settings)


def test_blob_reads_back(blobs: BlobStore, source: Path) -> None:
    blobs.put_blob("datasets/a.arrow", source)
    assert find_path(blobs, "datasets/a.arrow", SHA256).read_bytes() == b"columns"
    assert find_path(blobs, "datasets/a.arrow").read_bytes() == b"columns"
    assert b"".join(blobs.read_blob("datasets/a.arrow")) == b"columns"


def test_large_blob_is_transferred_in_ranges(blobs: BlobStore, tmp_path: Path) -> None:
    data = bytes(range(256)) * (RANGE_BYTES // 256) * 2 + b"tail"
    (tmp_path / "large").write_bytes(data)
    blobs.put_blob("large", tmp_path / "large")
    ranges = list(blobs.read_blob("large"))
    assert [len(part) for part in ranges] == [RANGE_BYTES, RANGE_BYTES, 4]
    assert b"".join(ranges) == data
    assert find_path(blobs, "large").read_bytes() == data


def test_empty_blob_reads_back(blobs: BlobStore, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    blobs.put_blob("empty", tmp_path / "empty")
    assert list(blobs.read_blob("empty")) == []
    assert find_path(blobs, "empty").read_bytes() == b""


def test_deleted_blob_is_not_found_and_deleting_again_is_harmless(
    blobs: BlobStore, source: Path
) -> None:
    blobs.put_blob("a", source)
    blobs.delete_blob("a")
    blobs.delete_blob("a")
    with pytest.raises(NotFoundError):
        find_path(blobs, "a", SHA256)
    with pytest.raises(NotFoundError):
        list(blobs.read_blob("a"))


def test_only_the_folder_is_listed(blobs: BlobStore, source: Path) -> None:
    for key in ("uploads/1/0", "uploads/1/7", "uploads/10/0", "datasets/1"):
        blobs.put_blob(key, source)
    assert sorted(blobs.list_blobs("uploads/1")) == ["uploads/1/0", "uploads/1/7"]
    assert blobs.list_blobs("uploads/2") == []


def test_missing_file_stores_nothing(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        blobs.put_blob("a", tmp_path / "nowhere")
    assert blobs.list_blobs("a") == []


def test_folder_is_read_in_place_and_left_empty(tmp_path: Path, source: Path) -> None:
    blobs = open_blobs(load_settings(data_dir=tmp_path))
    blobs.put_blob("uploads/1/0", source)
    assert find_path(blobs, "uploads/1/0") == tmp_path / "blobs/uploads/1/0"
    (tmp_path / "blobs/uploads/1/0#1").touch()  # as a crash leaves it
    blobs.delete_blob("uploads/1/0")
    assert list((tmp_path / "blobs").rglob("*#*")) == []
    assert not (tmp_path / "cache").exists()


def test_copy_of_a_bucket_is_reused_also_under_another_key(
    in_bucket: Settings, source: Path
) -> None:
    blobs = open_blobs(in_bucket)
    blobs.put_blob("a", source)
    with blobs.hold_path("a", SHA256) as first:
        blobs.delete_blob("a")
        assert find_path(open_blobs(in_bucket), "b", SHA256) == first


def test_copy_with_another_hash_is_refused_and_not_kept(
    in_bucket: Settings, source: Path, tmp_path: Path
) -> None:
    blobs = open_blobs(in_bucket)
    blobs.put_blob("a", source)
    with pytest.raises(StoreUnavailableError, match="sha256"):
        find_path(blobs, "a", "0" * 64)
    assert [path for path in (tmp_path / "cache").rglob("*") if path.stat().st_size == 7] == []
    assert find_path(blobs, "a", SHA256).read_bytes() == b"columns"


def test_error_of_an_unavailable_bucket_does_not_show_the_secret(
    in_bucket: Settings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.blobs.blobs.RETRIES", 0)
    unavailable = in_bucket.model_copy(update={"blob_endpoint": "http://127.0.0.1:1"})
    missing = in_bucket.model_copy(update={"blob_url": "s3://no-such-bucket"})
    for settings in (unavailable, missing):
        with pytest.raises(StoreUnavailableError) as problem:
            open_blobs(settings).put_blob("a", source)
        assert "secret" not in str(problem.value)
        assert "\n" not in str(problem.value)


def test_error_of_a_reader_is_not_translated(blobs: BlobStore, source: Path) -> None:
    blobs.put_blob("a", source)
    with pytest.raises(ValueError, match="reader"), blobs.hold_path("a"):
        raise ValueError("reader")


def test_blob_on_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    blobs = open_blobs(load_settings(blob_url=f"file://{tmp_path / 'blobs'}"))
    source = tmp_path / "source"
    source.write_bytes(bytes(2**20))
    with files_limited(2**18), pytest.raises(StorageFullError):
        blobs.put_blob("datasets/a.arrow", source)
    assert blobs.list_blobs("datasets") == []
    assert list((tmp_path / "blobs" / "datasets").iterdir()) == []
    blobs.put_blob("datasets/a.arrow", source)
    assert find_path(blobs, "datasets/a.arrow").stat().st_size == 2**20


def test_copy_on_a_full_disk_leaves_no_file(in_bucket: Settings, source: Path) -> None:
    blobs = open_blobs(in_bucket)
    source.write_bytes(bytes(2**20))
    blobs.put_blob("datasets/a.arrow", source)
    with files_limited(2**18), pytest.raises(StorageFullError):
        find_path(blobs, "datasets/a.arrow")
    assert find_path(blobs, "datasets/a.arrow").stat().st_size == 2**20


def test_new_folders_survive_a_crash_of_the_machine(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    monkeypatch.setattr("store.blobs.local_folder.sync_to_disk", synced.append)
    root = tmp_path / "new" / "blobs"
    blobs = open_blobs(load_settings(blob_url=f"file://{root}"))
    assert synced == [root, root.parent, tmp_path]
    synced.clear()
    blobs.put_blob("uploads/up_1/0", source)
    path = root / "uploads" / "up_1" / "0"
    assert synced == [path, path.parent, path.parent.parent, root]
