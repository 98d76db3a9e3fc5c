"""Resumable uploads: filled part by part by whichever process is asked, made a file, given up.

Parts are blobs, and how far an upload has come is in the database: a crash costs no more than the
part that was under way.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from service.context import Context
from service.http.bodies import BodyTooLargeError
from service.http.digests import Hashes, stated_sha256
from service.http.errors import ChecksumMismatchError, UploadIncompleteError
from service.uploads.request_body import WHERE, FileSink, Upload, base_name, plain_media_type
from service.uploads.temp_folders import incoming_folder
from service.uploads.tus import Checksum
from store.blobs.disk_errors import translate_disk_errors
from store.errors import (
    NotFoundError,
    OffsetConflictError,
    StoreUnavailableError,
    UploadExpiredError,
)
from store.uploads import (
    UploadPart,
    UploadRecord,
    add_part,
    delete_parts,
    delete_upload,
    get_upload,
    list_parts,
    mark_upload_expired,
    upload_folder,
)

# Under which a client may say it; the first are what clients of tus agree on.
FILE_NAMES = ("filename", "name")
MEDIA_TYPES = ("filetype", "type")


@dataclass(frozen=True)
class Sent:
    """A request's bytes for an upload.

    Attributes:
        offset: where they go.
        announced: how many there will be, 0 if that is not said.
        pieces: the bytes.
        checksum: of all of them; they are then kept all or not at all.
    """

    offset: int
    announced: int
    pieces: AsyncIterator[bytes]
    checksum: Checksum | None = None


def get(context: Context, upload_id: str) -> UploadRecord:
    """How far an upload has come. Raises NotFoundError, UploadExpiredError."""
    with context.database.reading() as session:
        return get_upload(session, upload_id)


async def receive(context: Context, upload_id: str, sent: Sent) -> UploadRecord:
    """Keep the bytes that are sent, in parts, as they come.

    When the connection is cut, what has arrived is kept. Raises NotFoundError, UploadExpiredError,
    OffsetConflictError, BodyTooLargeError, ChecksumMismatchError, ClientDisconnect.
    """
    upload = await run_in_threadpool(get, context, upload_id)
    if upload.offset != sent.offset:
        raise OffsetConflictError(upload_id, upload.offset, sent.offset)
    room = upload.length - upload.offset
    if sent.announced > room:
        raise BodyTooLargeError(room)
    async with incoming_folder(context.settings.data_dir) as folder:
        if sent.checksum is not None:
            part = await _spool_checked(sent.pieces, sent.checksum, folder / "part", room)
            return await run_in_threadpool(_store_part, context, upload, folder / "part", part)
        return await _receive_parts(context, upload, sent.pieces, folder / "part")


async def _receive_parts(
    context: Context, upload: UploadRecord, pieces: AsyncIterator[bytes], path: Path
) -> UploadRecord:
    source = _PartReader(pieces)
    while not source.has_ended:
        room = upload.length - upload.offset
        async with FileSink(path, lambda _: None) as sink:
            async for piece in source.take(context.settings.upload_part_bytes):
                if sink.bytes + len(piece) > room:
                    raise BodyTooLargeError(room)
                await sink.write(piece)
        upload = await run_in_threadpool(_store_part, context, upload, path, sink.bytes)
    if source.was_cut:
        raise ClientDisconnect
    return upload


class _PartReader:
    """Pieces of a request's body, taken a bounded number of bytes at a time."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self.has_ended = False
        self.was_cut = False
        self._pieces = pieces
        self._left = b""

    async def take(self, size: int) -> AsyncIterator[bytes]:
        """The next bytes, fewer only at the end, also where the connection was cut."""
        while size > 0:
            piece = self._left or await self._next()
            if not piece:
                return
            piece, self._left = piece[:size], piece[size:]
            size -= len(piece)
            yield piece

    async def _next(self) -> bytes:
        try:
            async for piece in self._pieces:
                if piece:
                    return piece
        except ClientDisconnect:
            self.was_cut = True
        self.has_ended = True
        return b""


async def _spool_checked(
    pieces: AsyncIterator[bytes], checksum: Checksum, path: Path, room: int
) -> int:
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    async with FileSink(path, digest.update) as sink:
        async for piece in pieces:
            if sink.bytes + len(piece) > room:
                raise BodyTooLargeError(room)
            await sink.write(piece)
    if not checksum.matches(digest.digest()):
        msg = f"the {checksum.algorithm} of what arrived is another; nothing of it was kept"
        raise ChecksumMismatchError(msg)
    return sink.bytes


def _store_part(context: Context, upload: UploadRecord, path: Path, size: int) -> UploadRecord:
    """Store bytes behind the upload's offset, and move it; a lost race leaves nothing behind."""
    if not size:
        return upload
    # Two requests may store the same part at once: each under a name of its own.
    blob = f"{upload_folder(upload.id)}/{upload.offset}-{secrets.token_hex(8)}"
    context.blobs.put_blob(blob, path)
    part = UploadPart(upload.offset, size, blob)
    try:
        with context.database.writing() as session:
            return add_part(session, upload.id, part, context.settings.upload_expiry_seconds)
    except (NotFoundError, UploadExpiredError, OffsetConflictError):
        # After any other error the part may have been noted all the same: it stays.
        context.blobs.delete_blob(blob)
        raise


def assemble(
    context: Context,
    upload_id: str,
    target: Path,
    name: str | None = None,
    sha256: str | None = None,
) -> Upload:
    """Write a finished upload to a file, and see that it is the one that was stated.

    Args:
        context: of the service.
        upload_id: which upload.
        target: to be written.
        name: for people; None for the file's own.
        sha256: that the file must have, in hexadecimal.

    Raises NotFoundError, UploadExpiredError, UploadIncompleteError, DigestMismatchError,
    StoreUnavailableError.
    """
    with context.database.reading() as session:
        upload = get_upload(session, upload_id)
        parts = list_parts(session, upload_id)
    if upload.offset < upload.length:
        msg = f"upload {upload_id} has {upload.offset} of its {upload.length} bytes"
        raise UploadIncompleteError(msg)
    hashes = Hashes(stated_sha256(sha256))
    with translate_disk_errors(WHERE), target.open("wb") as file:
        for piece in _read_parts(context, upload_id, parts):
            hashes.update(piece)
            file.write(piece)
    hashes.check()
    file_name = base_name(_first_of(FILE_NAMES, upload.metadata))
    return Upload(
        path=target,
        name=name or file_name or "dataset",
        bytes=upload.length,
        sha256=hashes.sha256,
        media_type=plain_media_type(_first_of(MEDIA_TYPES, upload.metadata)),
        file_name=file_name,
        upload_id=upload_id,
    )


def _read_parts(context: Context, upload_id: str, parts: Sequence[UploadPart]) -> Iterator[bytes]:
    """The bytes of all parts, which may be deleted at any moment.

    Raises NotFoundError or UploadExpiredError if the upload has been deleted meanwhile,
    StoreUnavailableError if only a part of it is missing.
    """
    try:
        for part in parts:
            yield from context.blobs.read_blob(part.blob)
    except NotFoundError as error:
        get(context, upload_id)
        msg = f"a part of upload {upload_id} is missing"
        raise StoreUnavailableError(msg) from error


def _first_of(keys: tuple[str, ...], metadata: dict[str, str]) -> str:
    return next((metadata[key] for key in keys if metadata.get(key)), "")


def remove(context: Context, upload_id: str) -> None:
    """Give an upload up and erase its bytes. Raises NotFoundError, UploadExpiredError."""
    with context.database.writing() as session:
        mark_upload_expired(session, upload_id)
    delete_parts(context.blobs, upload_id)
    with context.database.writing() as session:
        delete_upload(session, upload_id)


def discard(context: Context, upload_id: str) -> None:
    """The same for an upload that has served its end, or that somebody else removes."""
    with suppress(NotFoundError, UploadExpiredError):
        remove(context, upload_id)
