"""Large bytes in the database, named by their sha256, in rows of 1 MiB: memory stays flat."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from store.clock import now
from store.errors import NotFoundError
from store.inserts import insert_unless_known
from store.tables import artifact_chunks, artifacts, checkpoints, models

CHUNK_BYTES = 2**20


def add_artifact(session: Session, data: bytes) -> str:
    """Keep the bytes, once however often they are added, and return their sha256."""
    sha256 = hashlib.sha256(data).hexdigest()
    row = {"sha256": sha256, "bytes": len(data), "created_at": now()}
    while not insert_unless_known(session, artifacts, row):
        if _lock(session, sha256):
            return sha256
        # It was collected in between: it is ours to insert after all.
    session.execute(
        insert(artifact_chunks),
        [
            {"sha256": sha256, "position": position, "data": data[start : start + CHUNK_BYTES]}
            for position, start in enumerate(range(0, len(data), CHUNK_BYTES))
        ],
    )
    return sha256


def _lock(session: Session, sha256: str) -> bool:
    """Lock an artifact's row until the commit; whether there is one.

    A collection then waits until the reference that the holder makes is visible to it, and what
    the holder reads next is what a concurrent writer has committed.
    """
    query = select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256).with_for_update()
    return session.execute(query).one_or_none() is not None


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
    _lock(session, sha256)
    used = (
        select(checkpoints.c.artifact)
        .where(checkpoints.c.artifact == sha256)
        .union_all(select(models.c.artifact).where(models.c.artifact == sha256))
    )
    session.execute(delete(artifacts).where(artifacts.c.sha256 == sha256, ~used.exists()))
