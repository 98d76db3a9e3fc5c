"""Compressed files that are truncated, corrupt, or expand excessively."""

# One case per line, for a readable table.
# ruff: noqa: E501

import gzip
import zlib
from functools import partial

import pyarrow as pa

from tests.service.hostile.case import Case
from tests.service.hostile.csv_files import GOOD, noise

GZIP = "application/gzip"
ZSTD = "application/zstd"
MIB = 2**20
ZIPPED = gzip.compress(GOOD, mtime=0)


def zstd(data: bytes) -> bytes:
    packed: bytes = pa.compress(data, codec="zstd", asbytes=True)
    return packed


def members(data: bytes, times: int) -> bytes:
    """Return `times` equal gzip members, concatenated to one file."""
    return gzip.compress(data, mtime=0) * times


def one_member(head: bytes, block: bytes, times: int) -> bytes:
    """Return one gzip member of `head` and `times` blocks, compressing the block only once."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    size = (len(head) + len(block) * times) % 2**32
    # The checksum is wrong; reading must stop long before it.
    end = packer.flush() + bytes(4) + size.to_bytes(4, "little")
    return ZIPPED[:10] + start + packed * times + end


def zstd_bomb(megabytes: int) -> bytes:
    """Return equal zstd frames of 16 MiB, concatenated to one file."""
    return zstd(b"x,y\n") + zstd(b"1,2\n" * (4 * MIB)) * (megabytes // 16)


def gzip_case(name: str, content: bytes, code: str, says: str, query: str = "") -> Case:
    return Case(name, content, code, says, media_type=GZIP, query=query)


def zstd_case(name: str, content: bytes, code: str, says: str, query: str = "") -> Case:
    return Case(name, content, code, says, media_type=ZSTD, query=query)


def patched(data: bytes, at: int, new: bytes) -> bytes:
    at %= len(data)
    return data[:at] + new + data[at + len(new) :]


BOMBS = [
    Case("gzip of 2 GB of zeros", partial(one_member, b"", bytes(MIB), 2048), "expands_too_much", "expand", media_type=GZIP, status=413),
    Case("gzip of 2 GB of rows", partial(one_member, b"x,y\n", b"1,2\n" * (MIB // 4), 2048), "expands_too_much", "expand", media_type=GZIP, status=413),
    Case("gzip of 10 GB of rows", partial(one_member, b"x,y\n", b"1,2\n" * (MIB // 4), 10_240), "expands_too_much", "expand", media_type=GZIP, status=413),
    Case("gzip of 2 GB in members", partial(members, b"1,2\n" * (MIB // 4), 2048), "expands_too_much", "expand", media_type=GZIP, status=413),
    Case("gzip of 1 GB of line breaks", partial(one_member, b"", b"\n" * MIB, 1024), "expands_too_much", "expand", media_type=GZIP, status=413),
    Case("gzip of 1 GB of spaces in JSON", partial(one_member, b"[", b" " * MIB, 1024), "expands_too_much", "expand", media_type=GZIP, file_name="x.json.gz", status=413),
    Case("gzip of one line of 1 GB", partial(one_member, b"x,y\n1,", b"a" * MIB, 1024), "expands_too_much", "expand", media_type=GZIP, status=413),
    Case("zstd of 2 GB of rows", partial(zstd_bomb, 2048), "expands_too_much", "expand", media_type=ZSTD, status=413),
    Case("gzip of a gzip of 1 GB", lambda: gzip.compress(one_member(b"", bytes(MIB), 1024), mtime=0), "compressed_twice", "twice", media_type=GZIP),
]  # fmt: skip

CUT = [
    gzip_case("gzip of an empty file", gzip.compress(b""), "empty_file", "empty"),
    gzip_case("empty file as gzip", b"", "empty_file", "empty"),
    gzip_case("gzip cut in its header", ZIPPED[:6], "not_gzip", "gzip"),
    gzip_case("gzip cut after its header", ZIPPED[:10], "not_gzip", "gzip"),
    gzip_case("gzip cut in its rows", ZIPPED[:-40], "not_gzip", "gzip"),
    gzip_case("gzip cut in its checksum", ZIPPED[:-4], "not_gzip", "gzip"),
    gzip_case("gzip with a wrong checksum", patched(ZIPPED, -8, b"\0\0\0\0"), "not_gzip", "gzip"),
    gzip_case("gzip with a wrong size", patched(ZIPPED, -4, b"\1\1\1\1"), "not_gzip", "gzip"),
    gzip_case("gzip with a broken block", patched(ZIPPED, 20, b"\xff" * 20), "not_gzip", "gzip"),
    gzip_case("gzip of another method", patched(ZIPPED, 2, b"\7"), "not_gzip", "gzip"),
    gzip_case("gzip, then noise", ZIPPED + noise(1000), "not_gzip", "gzip"),
    gzip_case("CSV named as gzip", GOOD, "not_gzip", "gzip"),
    zstd_case("zstd cut in its header", zstd(GOOD)[:5], "not_zstd", "zstd"),
    zstd_case("zstd cut in its rows", zstd(GOOD)[:-20], "not_zstd", "zstd"),
    zstd_case("zstd with a broken block", patched(zstd(GOOD), 20, b"\xff" * 20), "not_zstd", "zstd"),
    zstd_case("zstd, then noise", zstd(GOOD) + noise(1000), "not_zstd", "zstd"),
    zstd_case("zstd that claims a window of terabytes", b"\x28\xb5\x2f\xfd\0\xff" + noise(500), "not_zstd", "zstd"),
    zstd_case("zstd that claims 16 EB", b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8 + noise(500), "not_zstd", "zstd"),
    zstd_case("zstd with a dictionary that is elsewhere", b"\x28\xb5\x2f\xfd\x03" + b"\1\2\3\4\0" + noise(500), "not_zstd", "zstd"),
    zstd_case("CSV named as zstd", GOOD, "not_zstd", "zstd"),
    zstd_case("gzip named as zstd", ZIPPED, "not_zstd", "zstd"),
]  # fmt: skip

WITHIN = [
    gzip_case("gzip of gzip", gzip.compress(ZIPPED), "compressed_twice", "twice"),
    gzip_case("gzip of zstd", gzip.compress(zstd(GOOD)), "compressed_twice", "twice"),
    zstd_case("zstd of gzip", zstd(ZIPPED), "compressed_twice", "twice"),
    zstd_case("zstd of zstd", zstd(zstd(GOOD)), "compressed_twice", "twice"),
    gzip_case("gzip of ragged rows", gzip.compress(GOOD + b"1,2,3\n"), "ragged_row", "line 52"),
    gzip_case("gzip of a picture", gzip.compress(b"\x89PNG\r\n\x1a\n" + noise(500)), "not_a_table", "PNG"),
    gzip_case("gzip of noise", gzip.compress(noise(5000)), "not_csv", "NUL"),
    gzip_case("gzip of a header", gzip.compress(b"name,age\n"), "no_rows", "no rows"),
    gzip_case("gzip of 100,000 columns", gzip.compress(b"1," * 99_999 + b"1\n1\n"), "too_many_columns", "columns"),
    gzip_case("gzip of wrong JSON Lines", gzip.compress(b'{"x": 1}\n{"x":'), "not_json", "line 2", "format=json_lines"),
    zstd_case("zstd of an unclosed quote", zstd(b'x,y\n1,"2\n'), "unclosed_quote", "quote"),
    zstd_case("zstd of Latin-1 stated UTF-8", zstd(b"x,y\n\xe9,1\n"), "wrong_encoding", "utf-8", "encoding=utf-8"),
]  # fmt: skip

CASES = [*BOMBS, *CUT, *WITHIN]
