"""Resumable uploads: received in parts by any API process, assembled into a file, or cancelled.

Parts are blobs, and the offset is in the database: a crash loses at most the part being received.
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
from service.http.media_types import plain_media_type
from service.uploads.request_body import WHERE, FileSink, Upload, base_name
from service.uploads.temp_folders import incoming_folder
from service.uploads.tus import Checksum
from store.blobs.disk_errors import translate_disk_errors
from store.errors import (
    LimitReachedError,
    NotFoundError,
    OffsetConflictError,
    StoreUnavailableError,
    UploadExpiredError,
)
from store.quotas import check_stored_bytes
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

# Metadata keys in order of preference; the first are the convention of tus clients.
FILE_NAMES = ("filename", "name")
MEDIA_TYPES = ("filetype", "type")


@dataclass(frozen=True)
class Sent:
    """A request's bytes for an upload.

    Attributes:
        offset: offset of the first byte within the file.
        announced: Content-Length; 0 if not sent.
        pieces: the bytes.
        checksum: checksum of all bytes; with one, either all bytes are kept or none.
    """

    offset: int
    announced: int
    pieces: AsyncIterator[bytes]
    checksum: Checksum | None = None


def get(context: Context, upload_id: str) -> UploadRecord:
    """Return an upload and its progress. Raises NotFoundError, UploadExpiredError."""
    with context.database.reading() as session:
        return get_upload(session, upload_id)


async def receive(context: Context, upload_id: str, sent: Sent) -> UploadRecord:
    """Store the sent bytes in parts, as they arrive.

    Bytes received before the connection breaks are kept. Raises NotFoundError, UploadExpiredError,
    OffsetConflictError, BodyTooLargeError, ChecksumMismatchError, ClientDisconnect.
    """
    upload = await run_in_threadpool(get, context, upload_id)
    if upload.offset != sent.offset:
        raise OffsetConflictError(upload_id, upload.offset, sent.offset)
    remaining = upload.length - upload.offset
    if sent.announced > remaining:
        raise BodyTooLargeError(remaining)
    async with incoming_folder(context.settings.data_dir) as folder:
        if sent.checksum is not None:
            part = await _spool_checked(sent.pieces, sent.checksum, folder / "part", remaining)
            return await run_in_threadpool(_store_part, context, upload, folder / "part", part)
        return await _receive_parts(context, upload, sent.pieces, folder / "part")


async def _receive_parts(
    context: Context, upload: UploadRecord, pieces: AsyncIterator[bytes], path: Path
) -> UploadRecord:
    source = _PartReader(pieces)
    while not source.has_ended:
        remaining = upload.length - upload.offset
        async with FileSink(path, lambda _: None) as sink:
            async for piece in source.take(context.settings.upload_part_bytes):
                if sink.bytes + len(piece) > remaining:
                    raise BodyTooLargeError(remaining)
                await sink.write(piece)
        upload = await run_in_threadpool(_store_part, context, upload, path, sink.bytes)
    if source.was_cut:
        raise ClientDisconnect
    return upload


class _PartReader:
    """Splits a request's body into parts of bounded size."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self.has_ended = False
        self.was_cut = False
        self._pieces = pieces
        self._left = b""

    async def take(self, size: int) -> AsyncIterator[bytes]:
        """Yield the next `size` bytes; fewer at the end of the body or if the connection breaks."""
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
    pieces: AsyncIterator[bytes], checksum: Checksum, path: Path, limit: int
) -> int:
    digest = hashlib.new(checksum.algorithm, usedforsecurity=False)
    async with FileSink(path, digest.update) as sink:
        async for piece in pieces:
            if sink.bytes + len(piece) > limit:
                raise BodyTooLargeError(limit)
            await sink.write(piece)
    if not checksum.matches(digest.digest()):
        msg = f"the received bytes have a different {checksum.algorithm}; none of them were stored"
        raise ChecksumMismatchError(msg)
    return sink.bytes


def _store_part(context: Context, upload: UploadRecord, path: Path, size: int) -> UploadRecord:
    """Append a part at the upload's offset and advance it; a lost race leaves nothing behind."""
    if not size:
        return upload
    # Two requests may store the same part concurrently, so each uses a unique name.
    blob = f"{upload_folder(upload.id)}/{upload.offset}-{secrets.token_hex(8)}"
    try:
        context.blobs.put_blob(blob, path)
    except StoreUnavailableError:
        # Deleting an upload also deletes what is being stored: then the upload is gone.
        get(context, upload.id)
        raise
    part = UploadPart(upload.offset, size, blob)
    try:
        with context.database.writing() as session:
            check_stored_bytes(session, context.settings.max_stored_bytes, size)
            return add_part(session, upload.id, part, context.settings.upload_expiry_seconds)
    except (NotFoundError, UploadExpiredError, OffsetConflictError, LimitReachedError):
        # After any other error the part may have been committed nevertheless, so it is kept.
        context.blobs.delete_blob(blob)
        raise


def assemble(
    context: Context,
    upload_id: str,
    target: Path,
    name: str | None = None,
    sha256: str | None = None,
) -> Upload:
    """Write a finished upload to a file, and verify its digest.

    Args:
        context: context of the service.
        upload_id: id of the upload.
        target: path of the file to write.
        name: display name; None for the file name.
        sha256: expected digest of the file, in hexadecimal.

    Raises NotFoundError, UploadExpiredError, UploadIncompleteError, DigestMismatchError,
    StoreUnavailableError.
    """
    with context.database.reading() as session:
        upload = get_upload(session, upload_id)
        parts = list_parts(session, upload_id)
    if upload.offset < upload.length:
        msg = (
            f"upload {upload_id} has received {upload.offset} of {upload.length} bytes; "
            "send the remaining ones first"
        )
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
    """Cancel an upload and delete its bytes. Raises NotFoundError, UploadExpiredError."""
    with context.database.writing() as session:
        mark_upload_expired(session, upload_id)
    delete_parts(context.blobs, upload_id)
    with context.database.writing() as session:
        delete_upload(session, upload_id)


def discard(context: Context, upload_id: str) -> None:
    """Delete an upload that is no longer needed; does nothing if it is already gone."""
    with suppress(NotFoundError, UploadExpiredError):
        remove(context, upload_id)
