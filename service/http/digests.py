"""Verification of the digests that a client states.

Either in a `Content-Digest` header (RFC 9530), for the request's content as transmitted, or as
`?sha256=`, for the file.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fastapi import Request

from service.http.errors import DigestMismatchError, InvalidDigestError
from service.schemas.common import FieldProblem

HEADER = "content-digest"
# The secure algorithms of RFC 9530, with hashlib's names.
ALGORITHMS = {"sha-256": "sha256", "sha-512": "sha512"}

# A member of a structured dictionary (RFC 9651) whose value is a byte sequence, with parameters.
_KEY = r"[a-z*][a-z0-9_.*-]*"
_MEMBER = re.compile(rf"({_KEY})=:([A-Za-z0-9+/]*={{0,2}}):(?:; *{_KEY}(?:=[^;,\s]+)?)*")
_COMMA = re.compile(r"[ \t]*,[ \t]*")


@dataclass(frozen=True)
class StatedDigest:
    """A digest that the client expects.

    Attributes:
        algorithm: hashlib's name of the algorithm.
        value: the digest in hexadecimal.
        location: header, for the whole content, or query, for the file.
    """

    algorithm: str
    value: str
    location: Literal["header", "query"]

    @property
    def field(self) -> str:
        """The name of the header or parameter."""
        return "Content-Digest" if self.location == "header" else self.algorithm

    @property
    def pointer(self) -> str:
        """The JSON pointer to the header or parameter."""
        return f"/{self.field.lower()}"


def stated_digests(request: Request, sha256: str | None = None) -> tuple[StatedDigest, ...]:
    """Return the digests that a request states. Raises InvalidDigestError.

    Args:
        request: provides the Content-Digest headers; unknown algorithms are ignored.
        sha256: digest of the file from the query, in hexadecimal.
    """
    values = request.headers.getlist(HEADER)
    found = parse_content_digest(", ".join(values)) if values else {}
    stated = tuple(StatedDigest(name, value.hex(), "header") for name, value in found.items())
    return (*stated, *stated_sha256(sha256))


def stated_sha256(sha256: str | None) -> tuple[StatedDigest, ...]:
    """Return the digest of the file from the query, if any."""
    return () if sha256 is None else (StatedDigest("sha256", sha256.lower(), "query"),)


def parse_content_digest(text: str) -> dict[str, bytes]:
    """Parse a `Content-Digest` header into digests by algorithm. Raises InvalidDigestError."""
    found = {}
    for member in _COMMA.split(text.strip(" ")):
        matched = _MEMBER.fullmatch(member)
        if matched is None:
            raise _invalid(f"{member[:80]!r} must have the form sha-256=:base64:")
        value = _decode(matched[2])
        algorithm = ALGORITHMS.get(matched[1])
        if algorithm is None:
            continue
        if len(value) != hashlib.new(algorithm).digest_size:
            raise _invalid(f"a digest of {len(value)} bytes cannot be {matched[1]}")
        found[algorithm] = value
    return found


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise _invalid(f"{text[:80]!r} is not base64") from error


def _invalid(detail: str) -> InvalidDigestError:
    detail = f"Content-Digest: {detail}"
    problem = FieldProblem(
        location="header", pointer=f"/{HEADER}", code="invalid_digest", detail=detail
    )
    return InvalidDigestError([problem])


class Hashes:
    """Incremental digests of a stream: sha256, and the algorithms of the stated digests."""

    def __init__(self, stated: Sequence[StatedDigest] = ()) -> None:
        self._stated = stated
        self._hashes = {name: hashlib.new(name) for name in {"sha256", *_algorithms(stated)}}

    def update(self, piece: bytes | bytearray) -> None:
        """Add the next bytes."""
        for digest in self._hashes.values():
            digest.update(piece)

    @property
    def sha256(self) -> str:
        """The sha256 of all bytes so far, in hexadecimal."""
        return self._hashes["sha256"].hexdigest()

    def check(self) -> None:
        """Raise DigestMismatchError if a digest differs from the stated one."""
        for stated in self._stated:
            found = self._hashes[stated.algorithm].hexdigest()
            if found != stated.value:
                raise _mismatch(stated, found)


def _algorithms(stated: Sequence[StatedDigest]) -> set[str]:
    return {digest.algorithm for digest in stated}


def _mismatch(stated: StatedDigest, found: str) -> DigestMismatchError:
    detail = (
        f"{stated.field}: the received bytes have {stated.algorithm} {found}, not {stated.value}"
    )
    problem = FieldProblem(
        location=stated.location, pointer=stated.pointer, code="digest_mismatch", detail=detail
    )
    return DigestMismatchError([problem])
