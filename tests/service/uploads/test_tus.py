"""Strict parsing of the tus protocol's headers."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from service.http.errors import InvalidHeaderError
from service.uploads.tus import (
    format_instant,
    format_metadata,
    parse_checksum,
    parse_metadata,
    parse_size,
)


def test_metadata_round_trips() -> None:
    metadata = {"filename": "pöints, 1.csv", "is_private": "", "a": "b"}
    text = format_metadata(metadata)
    assert text.startswith("filename cMO2aW50cywgMS5jc3Y=,is_private,")
    assert parse_metadata(text) == metadata
    assert parse_metadata(" filename  cMO2 , b ") == {"filename": "pö", "b": ""}


@pytest.mark.parametrize("text", [None, "", "  "])
def test_metadata_may_be_absent(text: str | None) -> None:
    assert parse_metadata(text) == {}


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "a,a",
        "a YQ==,a YQ==",
        "a nonsense!",
        "a YQ",
        f"a {b64encode(bytes([255])).decode()}",
        f"a {b64encode(bytes(1)).decode()}",
        "schlüssel YQ==",
        ",".join(f"key{n}" for n in range(65)),
    ],
)
def test_invalid_metadata_is_rejected(text: str) -> None:
    with pytest.raises(InvalidHeaderError) as problem:
        parse_metadata(text)
    assert problem.value.errors[0].pointer == "/upload-metadata"


def test_size_is_read() -> None:
    assert parse_size("Upload-Length", "0012") == 12


@pytest.mark.parametrize("text", [None, "", "-1", "1.5", "1e3", "one", "٣", "9" * 16, " 1"])
def test_invalid_size_is_rejected(text: str | None) -> None:
    with pytest.raises(InvalidHeaderError, match="/upload-length"):
        parse_size("Upload-Length", text)


def test_checksum_is_read() -> None:
    checksum = parse_checksum(f"sha1 {b64encode(bytes(20)).decode()}")
    assert checksum is not None
    assert (checksum.algorithm, checksum.value) == ("sha1", bytes(20))
    assert parse_checksum(None) is None


@pytest.mark.parametrize("text", ["", "sha1", "sha1 !", "md5 AAAA", "sha1 AAAA", "crc32 AAAAAA=="])
def test_invalid_checksum_is_rejected(text: str) -> None:
    with pytest.raises(InvalidHeaderError, match="/upload-checksum"):
        parse_checksum(text)


def test_time_has_the_http_date_format() -> None:
    at = datetime(2026, 11, 4, 8, 5, tzinfo=UTC)
    assert format_instant(at) == "Wed, 04 Nov 2026 08:05:00 GMT"
