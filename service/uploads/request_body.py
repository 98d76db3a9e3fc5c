"""Streaming of request bodies to disk, raw or multipart, hashed on the way."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, Self, get_args

from anyio import CancelScope
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from service.http.digests import Hashes, stated_digests
from service.http.errors import UnsupportedCodingError
from service.http.media_types import FORM, plain_media_type, require_media_type
from service.http.multipart import FormFile
from store.blobs.disk_errors import translate_disk_errors
from store.intake.formats.detect import known_media_types
from store.intake.formats.magic_bytes import is_text

MEDIA_TYPES = sorted({*known_media_types, "application/octet-stream", FORM})
# Bytes buffered before a thread writes them.
BUFFER_BYTES = 2**20
MAX_NAME = 256
# Compressed and binary formats are known by fewer.
HEAD_BYTES = 16
WHERE = "incoming files"

ContentEncoding = Literal["", "gzip", "zstd"]


@dataclass(frozen=True)
class Upload:
    """A completely received file.

    Attributes:
        path: local path of the file.
        name: display name: the requested one, else the file name.
        bytes: size in bytes.
        sha256: digest of the bytes.
        media_type: media type sent by the client, without parameters; empty if not sent.
        file_name: file name sent by the client, without directories; empty if not sent.
        content_encoding: Content-Encoding of a raw body; empty if not sent.
        upload_id: id of the resumable upload; None for a request's body.
        begins_as_text: whether a request's file is of neither a compressed nor a binary format.
    """

    path: Path
    name: str
    bytes: int
    sha256: str
    media_type: str = ""
    file_name: str = ""
    content_encoding: ContentEncoding = ""
    upload_id: str | None = None
    begins_as_text: bool = False


async def receive_upload(
    request: Request, target: Path, name: str | None, sha256: str | None = None
) -> Upload:
    """Write the request's file to `target`, and verify its digests.

    Args:
        request: a request with a raw body or a form; its `Content-Digest` is checked.
        target: path of the file to write.
        name: display name; None for the file name.
        sha256: expected digest of the file, in hexadecimal.

    Raises UnsupportedMediaTypeError, InvalidRowsError (a form without a file), ServiceError (a
    broken form), InvalidDigestError, DigestMismatchError, HTTPException (413), ClientDisconnect.
    """
    media_type = require_media_type(request, *MEDIA_TYPES)
    encoding = _content_encoding(request)
    if media_type == FORM:
        return await _receive_form(request, target, name, sha256)
    hashes = Hashes(stated_digests(request, sha256))
    async with FileSink(target, hashes.update) as sink:
        async for piece in request.stream():
            await sink.write(piece)
    hashes.check()
    name = name or "dataset"
    return Upload(
        path=target,
        name=name,
        bytes=sink.bytes,
        sha256=hashes.sha256,
        media_type=media_type,
        content_encoding=encoding,
        begins_as_text=is_text(sink.head),
    )


async def _receive_form(
    request: Request, target: Path, name: str | None, sha256: str | None
) -> Upload:
    form = FormFile(request.headers["content-type"])
    stated = stated_digests(request, sha256)
    # The header covers the whole content including boundaries; the query covers the file.
    content = Hashes([digest for digest in stated if digest.location == "header"])
    hashes = Hashes([digest for digest in stated if digest.location == "query"])
    async with FileSink(target, hashes.update) as sink:
        async for chunk in request.stream():
            content.update(chunk)
            for piece in form.feed(chunk):
                await sink.write(piece)
    form.finish()
    content.check()
    hashes.check()
    file_name = base_name(form.name)
    return Upload(
        path=target,
        name=name or file_name or "dataset",
        bytes=sink.bytes,
        sha256=hashes.sha256,
        media_type=plain_media_type(form.media_type),
        file_name=file_name,
        begins_as_text=is_text(sink.head),
    )


class FileSink:
    """A file written and hashed by threads, in large pieces. Raises StoreUnavailableError."""

    def __init__(self, target: Path, update: Callable[[bytearray], object]) -> None:
        self.bytes = 0
        self.head = b""
        self._target = target
        self._update = update
        self._buffer = bytearray()

    async def __aenter__(self) -> Self:
        await run_in_threadpool(self._open)
        return self

    async def write(self, piece: bytes) -> None:
        """Append bytes."""
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self.bytes += len(piece)
        self._buffer += piece
        if len(self._buffer) >= BUFFER_BYTES:
            await run_in_threadpool(self._flush)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # An incomplete file is discarded, so its buffered bytes are not written.
        with CancelScope(shield=True):
            await run_in_threadpool(self._close, flush=kind is None)

    def _open(self) -> None:
        with translate_disk_errors(WHERE):
            self._file = self._target.open("wb")

    def _close(self, *, flush: bool) -> None:
        with translate_disk_errors(WHERE), self._file:
            if flush:
                self._flush()

    def _flush(self) -> None:
        self._update(self._buffer)
        with translate_disk_errors(WHERE):
            self._file.write(self._buffer)
        self._buffer.clear()


def base_name(file_name: str) -> str:
    """Return the last part of a client's file name, for display; never used as a local path."""
    name = PurePosixPath(file_name.replace("\\", "/")).name
    return "".join(character for character in name if character.isprintable())[:MAX_NAME]


def _content_encoding(request: Request) -> ContentEncoding:
    stated = request.headers.get("content-encoding", "").strip().lower()
    stated = {"identity": "", "x-gzip": "gzip"}.get(stated, stated)
    for encoding in get_args(ContentEncoding):
        if stated == encoding:
            return encoding  # type: ignore[no-any-return]
    raise UnsupportedCodingError(stated, [name for name in get_args(ContentEncoding) if name])
