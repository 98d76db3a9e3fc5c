"""Headers of the tus protocol for resumable uploads, version 1.0.0."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.errors import InvalidHeaderError
from service.http.prefixes import error_response
from service.http.renderers import ErrorDetails
from service.schemas.common import FieldProblem

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,termination,checksum"
MEDIA_TYPE = "application/offset+octet-stream"
CHECKSUMS = ("sha1", "sha256")
MAX_METADATA = 64
MAX_METADATA_BYTES = 8_192
_KEY = re.compile(r"[!-+\--~]+")


class TusProtocol:
    """ASGI middleware of `/v1/uploads`: the headers of every request and response of tus."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Reject other protocol versions, and add the version to the response."""
        headers = Headers(scope=scope)
        if scope["method"] == "POST" and "x-http-method-override" in headers:
            # For clients that can only send GET and POST.
            scope = {**scope, "method": headers["x-http-method-override"].upper()}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["Tus-Resumable"] = VERSION
                answer.setdefault("Cache-Control", "no-store")
            await send(message)

        app = self.app
        if scope["method"] != "OPTIONS" and headers.get("tus-resumable") != VERSION:
            detail = f"Tus-Resumable must be {VERSION}, the supported version of the tus protocol"
            app = error_response(
                scope,
                ErrorDetails(
                    412, "unsupported_tus_version", detail, headers={"Tus-Version": VERSION}
                ),
            )
        await app(scope, receive, send_with_headers)


@dataclass(frozen=True)
class Checksum:
    """A checksum that the client states for a request's bytes."""

    algorithm: str
    value: bytes

    def matches(self, digest: bytes) -> bool:
        """Whether the digest equals the checksum."""
        return self.value == digest


def parse_size(header: str, text: str | None) -> int:
    """Parse a number of bytes. Raises InvalidHeaderError."""
    if text is None or not re.fullmatch(r"[0-9]{1,15}", text):
        raise _invalid(header, "must be a whole number of bytes")
    return int(text)


def parse_metadata(text: str | None) -> dict[str, str]:
    """Parse the metadata of an upload. Raises InvalidHeaderError."""
    found: dict[str, str] = {}
    if len(text or "") > MAX_METADATA_BYTES:
        raise _invalid("Upload-Metadata", f"must not be longer than {MAX_METADATA_BYTES} bytes")
    pairs = [] if not (text or "").strip() else str(text).split(",")
    for pair in pairs:
        key, _, value = pair.strip(" ").partition(" ")
        if not _KEY.fullmatch(key) or key in found:
            raise _invalid("Upload-Metadata", f"{key[:80]!r} is an invalid or repeated key")
        found[key] = _decode(key, value.strip(" "))
    if len(found) > MAX_METADATA:
        raise _invalid("Upload-Metadata", f"must not have more than {MAX_METADATA} keys")
    return found


def _decode(key: str, value: str) -> str:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        detail = f"the value of {key[:80]!r} must be UTF-8 text in base64"
        raise _invalid("Upload-Metadata", detail) from error
    if "\0" in text:
        raise _invalid(
            "Upload-Metadata", f"the value of {key[:80]!r} must not contain NUL characters"
        )
    return text


def format_metadata(metadata: Mapping[str, str]) -> str:
    """Format the metadata as a header."""
    pairs = (
        f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items()
    )
    return ",".join(pair.strip() for pair in pairs)


def parse_checksum(text: str | None) -> Checksum | None:
    """Parse the checksum of a request's bytes. Raises InvalidHeaderError."""
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        checksum = Checksum(algorithm, base64.b64decode(value, validate=True))
    except binascii.Error as error:
        raise _invalid("Upload-Checksum", "the checksum must be base64") from error
    if algorithm not in CHECKSUMS:
        raise _invalid("Upload-Checksum", f"the algorithm must be one of {', '.join(CHECKSUMS)}")
    if len(checksum.value) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise _invalid(
            "Upload-Checksum", f"a checksum of {len(checksum.value)} bytes cannot be {algorithm}"
        )
    return checksum


def format_instant(at: datetime) -> str:
    """Format a time as an HTTP date."""
    return format_datetime(at, usegmt=True)


def _invalid(header: str, detail: str) -> InvalidHeaderError:
    problem = FieldProblem(
        location="header", pointer=f"/{header.lower()}", code="invalid_header", detail=detail
    )
    return InvalidHeaderError([problem])
