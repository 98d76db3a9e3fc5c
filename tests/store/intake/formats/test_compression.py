"""Compressed files are decompressed in full; decompression bombs are refused early."""

import gzip
from pathlib import Path

import pytest

from store.errors import IntakeError
from store.intake.budget import FLOOR_BYTES
from store.intake.formats.compression import decompress
from store.intake.options import Compression, Limits
from tests.store.intake.any_files import gzip_bytes, open_bytes, refusal, zstd_bytes

ROWS = b"x\n" + b"1\n2\n3\n" * 1000


def unpack(folder: Path, content: bytes, compression: Compression) -> bytes:
    path, target = folder / "packed", folder / "unpacked"
    path.write_bytes(content)
    decompress(path, compression, target, Limits().for_file(path))
    return target.read_bytes()


@pytest.mark.parametrize("times", [1, 2, 500])
def test_all_members_are_read(tmp_path: Path, times: int) -> None:
    assert unpack(tmp_path, gzip_bytes(ROWS) * times, "gzip") == ROWS * times
    assert unpack(tmp_path, zstd_bytes(ROWS) * times, "zstd") == ROWS * times


@pytest.mark.parametrize("cut", [1, 4, 8, 20])
def test_truncated_stream_is_refused(tmp_path: Path, cut: int) -> None:
    for content, code in [(gzip_bytes(ROWS), "not_gzip"), (zstd_bytes(ROWS), "not_zstd")]:
        error = refusal(tmp_path, content[:-cut])
        assert (error.code, "is cut off" in str(error)) == (code, True)


def test_wrong_checksum_and_trailing_bytes_are_refused(tmp_path: Path) -> None:
    content = gzip_bytes(ROWS)
    for broken in (content[:-8] + bytes(4) + content[-4:], content + b"and more"):
        assert "is corrupt" in str(refusal(tmp_path, broken))


@pytest.mark.parametrize("inner", [gzip_bytes(ROWS), zstd_bytes(ROWS)])
def test_file_compressed_twice_is_refused(tmp_path: Path, inner: bytes) -> None:
    assert refusal(tmp_path, gzip_bytes(inner)).code == "compressed_twice"
    assert refusal(tmp_path, zstd_bytes(inner)).code == "compressed_twice"


def test_file_that_expands_a_thousandfold_is_refused_early(tmp_path: Path) -> None:
    content = gzip_bytes(bytes(2**20)) * 2000
    with pytest.raises(IntakeError, match="expand to") as caught:
        unpack(tmp_path, content, "gzip")
    assert caught.value.code == "expands_too_much"
    assert (tmp_path / "unpacked").stat().st_size <= 1.5 * FLOOR_BYTES


def test_small_file_may_expand_by_any_ratio(tmp_path: Path) -> None:
    assert len(unpack(tmp_path, gzip_bytes(bytes(FLOOR_BYTES)), "gzip")) == FLOOR_BYTES


def test_limit_applies_to_the_decompressed_file(tmp_path: Path) -> None:
    error = refusal(tmp_path, gzip.compress(ROWS), limits=Limits(max_bytes=100))
    assert (error.code, "100 that" in str(error)) == ("expands_too_much", True)


def test_gzip_of_a_json_document_is_read(tmp_path: Path) -> None:
    source = open_bytes(tmp_path, gzip_bytes(b'{"a": [1]}'), media_type="application/gzip")
    assert (source.options["compression"], source.options["format"]) == ("gzip", "json")
