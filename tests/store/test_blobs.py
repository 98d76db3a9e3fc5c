"""Blobs in a folder, and in a bucket with a cache before it."""

from pathlib import Path

import pytest

from store.blobs import BlobStore
from store.errors import NotFoundError


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"columns")
    return path


@pytest.fixture(params=["file", "memory"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    url = "memory:///" if request.param == "memory" else f"file://{tmp_path / 'b l ö b'}"
    return BlobStore(url, cache_dir=tmp_path / "cache")


def test_blob_reads_back(blobs: BlobStore, source: Path) -> None:
    blobs.put_blob("datasets/a.arrow", source)
    assert blobs.find_path("datasets/a.arrow", "sha").read_bytes() == b"columns"


def test_copy_of_a_bucket_is_reused_and_no_partial_is_left(tmp_path: Path, source: Path) -> None:
    blobs = BlobStore("memory:///", cache_dir=tmp_path / "cache")
    blobs.put_blob("a", source)
    first = blobs.find_path("a", "sha")
    blobs.delete_blob("a")
    assert blobs.find_path("a", "sha") == first
    assert list((tmp_path / "cache").iterdir()) == [first]


def test_deleted_blob_is_not_found_and_deleting_again_is_harmless(
    blobs: BlobStore, source: Path
) -> None:
    blobs.put_blob("a", source)
    blobs.delete_blob("a")
    blobs.delete_blob("a")
    with pytest.raises(NotFoundError):
        blobs.find_path("a", "sha")
