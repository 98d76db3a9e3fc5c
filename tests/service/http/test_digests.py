"""Digests sent by the client: strict parsing and verification."""

import hashlib
from base64 import b64encode

import pytest

from service.http.digests import Hashes, StatedDigest, parse_content_digest, stated_sha256
from service.http.errors import DigestMismatchError, InvalidDigestError

SHA256 = hashlib.sha256(b"hello").digest()
SHA512 = hashlib.sha512(b"hello").digest()


def encoded(value: bytes) -> str:
    return b64encode(value).decode()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"sha-256=:{encoded(SHA256)}:", {"sha256": SHA256}),
        (
            f"sha-512=:{encoded(SHA512)}: ,\tsha-256=:{encoded(SHA256)}:",
            {"sha256": SHA256, "sha512": SHA512},
        ),
        (f"sha-256=:{encoded(SHA256)}:;a;b=1; c=x", {"sha256": SHA256}),
        (f"sha-256=:{encoded(bytes(32))}:, sha-256=:{encoded(SHA256)}:", {"sha256": SHA256}),
        ("md5=:XUFAKrxLKna5cZ2REBfFkg==:, unixsum=:AAA=:", {}),
    ],
)
def test_content_digest_is_read(text: str, found: dict[str, bytes]) -> None:
    assert parse_content_digest(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        f"sha-256={encoded(SHA256)}",
        f'sha-256="{encoded(SHA256)}"',
        f"SHA-256=:{encoded(SHA256)}:",
        f"sha-256=:{encoded(SHA256)}:,",
        f"sha-256=:{encoded(SHA256)}: sha-512=:{encoded(SHA512)}:",
        "sha-256=:not base64:",
        "sha-256=:AAAAA:",
        f"sha-256=:{encoded(SHA512)}:",
        f"sha-256 = :{encoded(SHA256)}:",
        "sha-256=::",
        "sha-256=:" + "A" * 60_000 + ":",
    ],
)
def test_invalid_content_digest_is_rejected(text: str) -> None:
    with pytest.raises(InvalidDigestError, match="Content-Digest: ") as problem:
        parse_content_digest(text)
    assert [(p.location, p.pointer) for p in problem.value.errors] == [
        ("header", "/content-digest")
    ]


def test_matching_digests_are_accepted() -> None:
    stated = [StatedDigest("sha512", SHA512.hex(), "header"), *stated_sha256(SHA256.hex().upper())]
    hashes = Hashes(stated)
    hashes.update(b"hel")
    hashes.update(b"lo")
    hashes.check()
    assert hashes.sha256 == SHA256.hex()


@pytest.mark.parametrize(
    ("stated", "location", "pointer"),
    [
        (StatedDigest("sha512", "00" * 64, "header"), "header", "/content-digest"),
        (StatedDigest("sha256", "00" * 32, "query"), "query", "/sha256"),
    ],
)
def test_digest_mismatch_is_rejected(stated: StatedDigest, location: str, pointer: str) -> None:
    hashes = Hashes([*stated_sha256(SHA256.hex()), stated])
    hashes.update(b"hello")
    with pytest.raises(DigestMismatchError) as problem:
        hashes.check()
    assert [(p.location, p.pointer) for p in problem.value.errors] == [(location, pointer)]
