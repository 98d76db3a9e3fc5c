"""Resumable uploads: files sent in several requests; each part is a blob with a row here.

A part's blob is stored before its row, so that the offset never covers bytes that are not stored.
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
from store.usage.counters import add_usage


@dataclass(frozen=True)
class UploadRecord:
    """A row of the table `uploads`."""

    id: str
    owner: str
    metadata: dict[str, str]
    length: int
    offset: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class UploadPart:
    """A part of an upload: offset, size, and the key of its blob."""

    offset: int
    bytes: int
    blob: str


def upload_folder(upload_id: str) -> str:
    """Return the key prefix of an upload's parts in the blob store."""
    return f"uploads/{upload_id}"


def _record(row: RowMapping) -> UploadRecord:
    return UploadRecord(**row)


def add_upload(
    session: Session, length: int, metadata: dict[str, str], expiry_seconds: float, owner: str = ""
) -> UploadRecord:
    """Create an upload of `length` bytes; it expires `expiry_seconds` after its last part."""
    row = session.execute(
        insert(uploads)
        .values(
            id=new_id("up"),
            owner=owner,
            metadata=metadata,
            length=length,
            offset=0,
            created_at=now(),
            expires_at=shifted(expiry_seconds),
        )
        .returning(*uploads.c)
    )
    return _record(row.mappings().one())


def get_upload(session: Session, upload_id: str) -> UploadRecord:
    """Return the upload. Raises NotFoundError, UploadExpiredError."""
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
    session: Session, upload_id: str, part: UploadPart, expiry_seconds: float
) -> UploadRecord:
    """Record a part whose blob is stored, and advance the offset.

    Safe against a concurrent part for the same offset: the offset is compared and set in one
    statement, so that one of them is rejected. Raises NotFoundError, UploadExpiredError,
    OffsetConflictError.
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
            .values(offset=uploads.c.offset + part.bytes, expires_at=shifted(expiry_seconds))
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
    add_usage(session, row["owner"], uploads=part.bytes)
    return _record(row)


def list_parts(session: Session, upload_id: str) -> tuple[UploadPart, ...]:
    """Return the parts of an upload in order of their offsets."""
    rows = session.execute(
        select(upload_parts.c.offset, upload_parts.c.bytes, upload_parts.c.blob)
        .where(upload_parts.c.upload_id == upload_id)
        .order_by(upload_parts.c.offset)
    ).mappings()
    return tuple(UploadPart(**row) for row in rows)


def mark_upload_expired(session: Session, upload_id: str) -> None:
    """Expire an upload now: it accepts no more parts. Raises NotFoundError, UploadExpiredError."""
    found = session.execute(
        update(uploads)
        .where(uploads.c.id == upload_id, uploads.c.expires_at > now())
        .values(expires_at=now())
        .returning(uploads.c.id)
    )
    if found.one_or_none() is None:
        get_upload(session, upload_id)


def list_expired_uploads(session: Session) -> tuple[str, ...]:
    """Return the ids of expired uploads, whose bytes can be deleted."""
    return tuple(
        session.execute(select(uploads.c.id).where(uploads.c.expires_at <= now())).scalars()
    )


def delete_parts(blobs: BlobStore, upload_id: str) -> None:
    """Delete the blobs of an expired upload, recorded, unrecorded or staged.

    Raises StoreUnavailableError.
    """
    blobs.delete_folder(upload_folder(upload_id))


def delete_upload(session: Session, upload_id: str) -> None:
    """Delete the row of an expired upload whose blobs are deleted."""
    found = session.execute(
        delete(uploads)
        .where(uploads.c.id == upload_id, uploads.c.expires_at <= now())
        .returning(uploads.c.owner, uploads.c.offset)
    ).one_or_none()
    if found is not None:
        add_usage(session, found.owner, uploads=-found.offset)
