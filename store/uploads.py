"""Resumable uploads: files that arrive in several requests; each part is a blob, noted here.

A part's blob is stored before its row, so that the offset never promises bytes that are not there.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, delete, insert, select, update
from sqlalchemy.orm import Session

from store.blobs.blobs import BlobStore
from store.db.clock import now, shifted
from store.db.ids import new_id
from store.db.tables import upload_parts, uploads
from store.errors import NotFoundError, OffsetConflictError, UploadExpiredError


@dataclass(frozen=True)
class UploadRecord:
    """One row of uploads, under the names of its columns."""

    id: str
    owner: str
    metadata: dict[str, str]
    length: int
    offset: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class UploadPart:
    """Bytes of an upload from an offset on, and the key of the blob that they are."""

    offset: int
    bytes: int
    blob: str


def upload_folder(upload_id: str) -> str:
    """Where the parts of an upload are in the blob store."""
    return f"uploads/{upload_id}"


def _record(row: RowMapping) -> UploadRecord:
    return UploadRecord(**row)


def add_upload(
    session: Session, length: int, metadata: dict[str, str], rest_seconds: float, owner: str = ""
) -> UploadRecord:
    """Begin an upload of so many bytes, which expires after resting for so long."""
    row = session.execute(
        insert(uploads)
        .values(
            id=new_id("up"),
            owner=owner,
            metadata=metadata,
            length=length,
            offset=0,
            created_at=now(),
            expires_at=shifted(rest_seconds),
        )
        .returning(*uploads.c)
    )
    return _record(row.mappings().one())


def get_upload(session: Session, upload_id: str) -> UploadRecord:
    """The upload. Raises NotFoundError, UploadExpiredError."""
    has_expired = (uploads.c.expires_at <= now()).label("has_expired")
    query = select(uploads, has_expired).where(uploads.c.id == upload_id)
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("upload", upload_id)
    values = dict(row)
    if values.pop("has_expired"):
        raise UploadExpiredError(upload_id)
    return UploadRecord(**values)


def add_part(
    session: Session, upload_id: str, part: UploadPart, rest_seconds: float
) -> UploadRecord:
    """Note a part whose blob is stored, and move the offset behind it.

    Survives another part for the same offset: the offset is compared and set in one statement, so
    that one of them is refused. Raises NotFoundError, UploadExpiredError, OffsetConflictError.
    """
    row = (
        session.execute(
            update(uploads)
            .where(
                uploads.c.id == upload_id,
                uploads.c.offset == part.offset,
                uploads.c.offset + part.bytes <= uploads.c.length,
                uploads.c.expires_at > now(),
            )
            .values(offset=uploads.c.offset + part.bytes, expires_at=shifted(rest_seconds))
            .returning(*uploads.c)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        upload = get_upload(session, upload_id)
        raise OffsetConflictError(upload_id, upload.offset, part.offset)
    session.execute(
        insert(upload_parts).values(
            upload_id=upload_id, offset=part.offset, bytes=part.bytes, blob=part.blob
        )
    )
    return _record(row)


def list_parts(session: Session, upload_id: str) -> tuple[UploadPart, ...]:
    """The parts of an upload from its first byte on."""
    rows = session.execute(
        select(upload_parts.c.offset, upload_parts.c.bytes, upload_parts.c.blob)
        .where(upload_parts.c.upload_id == upload_id)
        .order_by(upload_parts.c.offset)
    ).mappings()
    return tuple(UploadPart(**row) for row in rows)


def mark_upload_expired(session: Session, upload_id: str) -> None:
    """Take no more parts. Raises NotFoundError, UploadExpiredError."""
    found = session.execute(
        update(uploads)
        .where(uploads.c.id == upload_id, uploads.c.expires_at > now())
        .values(expires_at=now())
        .returning(uploads.c.id)
    )
    if found.one_or_none() is None:
        get_upload(session, upload_id)


def list_expired_uploads(session: Session) -> tuple[str, ...]:
    """Uploads that take no more parts and are to be erased."""
    return tuple(
        session.execute(select(uploads.c.id).where(uploads.c.expires_at <= now())).scalars()
    )


def delete_parts(blobs: BlobStore, upload_id: str) -> None:
    """Erase the bytes of an upload that has expired, noted or not. Raises StoreUnavailableError."""
    for key in blobs.list_blobs(upload_folder(upload_id)):
        blobs.delete_blob(key)


def delete_upload(session: Session, upload_id: str) -> None:
    """Forget an upload that has expired and whose bytes are gone."""
    session.execute(delete(uploads).where(uploads.c.id == upload_id, uploads.c.expires_at <= now()))
