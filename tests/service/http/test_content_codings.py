"""Content codings: what is decompressed, and that never more than the limit is."""

import gzip
import itertools
import tracemalloc
import zlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.http.bodies import BodyTooLargeError
from service.http.content_codings import choose_coding, decode_content, encode_content
from service.http.errors import InvalidContentError, UnsupportedCodingError

LIMIT = 10_000


def raw_deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(data) + stream.flush()


@given(st.binary(max_size=200))
def test_every_form_is_read(data: bytes) -> None:
    assert decode_content(data, "", LIMIT) == data
    assert decode_content(data, "identity", LIMIT) == data
    for coding in ("gzip", " GZIP", "x-gzip"):
        assert decode_content(gzip.compress(data), coding, LIMIT) == data
    assert decode_content(zlib.compress(data), "deflate", LIMIT) == data
    assert decode_content(raw_deflate(data), "deflate", LIMIT) == data
    for coding in ("gzip", "deflate"):
        assert decode_content(encode_content(data, coding), coding, LIMIT) == data


@given(st.binary(max_size=200))
def test_zstd_is_read(data: bytes) -> None:
    packed = pa.compress(data, "zstd", asbytes=True)
    assert decode_content(packed, " Zstd", LIMIT) == data
    assert decode_content(packed * 2, "zstd", LIMIT) == data * 2


def test_a_bomb_of_zstd_is_not_decompressed() -> None:
    bomb = pa.compress(bytes(50_000_000), "zstd", asbytes=True)
    before = pa.total_allocated_bytes()
    with pytest.raises(BodyTooLargeError):
        decode_content(bomb, "zstd", LIMIT)
    assert pa.total_allocated_bytes() - before < 1_000_000
    at_limit = pa.compress(bytes(LIMIT), "zstd", asbytes=True)
    assert decode_content(at_limit, "zstd", LIMIT) == bytes(LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_bomb_is_not_decompressed(coding: str) -> None:
    bomb = encode_content(bytes(50_000_000), coding)
    assert len(bomb) < 300_000
    tracemalloc.start()
    with pytest.raises(BodyTooLargeError):
        decode_content(bomb, coding, LIMIT)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (b"", "gzip"),
        (b"", "deflate"),
        (b"plain", "gzip"),
        (b"plain", "deflate"),
        (gzip.compress(b"cut")[:-1], "gzip"),
        (zlib.compress(b"cut")[:-1], "deflate"),
        (gzip.compress(b"tail") + b"tail", "gzip"),
        (zlib.compress(b"tail") + b"tail", "deflate"),
        (gzip.compress(b"two") * 2, "gzip"),
        (gzip.compress(b"sum")[:-8] + bytes(8), "gzip"),
        (b"plain", "zstd"),
        (pa.compress(b"cut", "zstd", asbytes=True)[:-1], "zstd"),
        (pa.compress(b"tail", "zstd", asbytes=True) + b"tail", "zstd"),
    ],
    # Not the bytes: gzip writes the time into them, and every test process collects for itself.
    ids=itertools.count(),
)
def test_an_invalid_stream_is_an_error(body: bytes, coding: str) -> None:
    with pytest.raises(InvalidContentError):
        decode_content(body, coding, LIMIT)


@pytest.mark.parametrize("coding", ["br", "gzip, deflate", "gzip,gzip", "x" * 1_000])
def test_another_coding_is_an_error(coding: str) -> None:
    with pytest.raises(UnsupportedCodingError) as error:
        decode_content(b"", coding, LIMIT)
    assert len(str(error.value)) < 200
    assert error.value.headers == {"Accept-Encoding": "gzip, deflate, zstd"}


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", None),
        ("identity", None),
        ("br", None),
        ("*", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("deflate", "deflate"),
        ("gzip, deflate, br, zstd", "gzip"),
        ("deflate, gzip;q=0.5", "deflate"),
        ("gzip;q=0, deflate;q=0.1", "deflate"),
        ("gzip;q=0", None),
        ("gzip; q=1.000", "gzip"),
        ("gzip;q=2", None),
        ("gzip;level=1", None),
        (",,;;q=1", None),
    ],
)
def test_the_preferred_coding_is_chosen(accept: str, chosen: str | None) -> None:
    assert choose_coding(accept) == chosen
