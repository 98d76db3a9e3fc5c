"""Large bytes in the database, named by their sha256, in rows of 1 MiB: memory stays flat."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from store.clock import now
from store.errors import NotFoundError
from store.tables import artifact_chunks, artifacts, checkpoints, models

CHUNK_BYTES = 2**20


def add_artifact(session: Session, data: bytes) -> str:
    """Keep the bytes, once however often they are added, and return their sha256."""
    sha256 = hashlib.sha256(data).hexdigest()
    known = session.execute(
        # Locked, so that a collection waits until the reference made next is visible to it.
        select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256).with_for_update()
    ).one_or_none()
    if known is not None:
        return sha256
    session.execute(insert(artifacts).values(sha256=sha256, bytes=len(data), created_at=now()))
    session.execute(
        insert(artifact_chunks),
        [
            {"sha256": sha256, "position": position, "data": data[start : start + CHUNK_BYTES]}
            for position, start in enumerate(range(0, len(data), CHUNK_BYTES))
        ],
    )
    return sha256


def get_artifact(session: Session, sha256: str) -> bytes:
    """All bytes of an artifact. Raises NotFoundError."""
    data = b"".join(iterate_artifact(session, sha256))
    if not data:
        raise NotFoundError("artifact", sha256)
    return data


def iterate_artifact(session: Session, sha256: str) -> Iterator[bytes]:
    """The bytes of an artifact, a chunk at a time."""
    position = 0
    while True:
        chunk = session.execute(
            select(artifact_chunks.c.data).where(
                artifact_chunks.c.sha256 == sha256, artifact_chunks.c.position == position
            )
        ).scalar_one_or_none()
        if chunk is None:
            return
        yield chunk
        position += 1


def collect_artifact(session: Session, sha256: str) -> None:
    """Erase an artifact that no checkpoint and no model refers to any more."""
    # The lock is its own statement: the next one then sees what a concurrent writer committed.
    session.execute(
        select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256).with_for_update()
    )
    used = (
        select(checkpoints.c.artifact)
        .where(checkpoints.c.artifact == sha256)
        .union_all(select(models.c.artifact).where(models.c.artifact == sha256))
    )
    session.execute(delete(artifacts).where(artifacts.c.sha256 == sha256, ~used.exists()))
