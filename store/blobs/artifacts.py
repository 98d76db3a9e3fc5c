"""Binary artifacts in the database, keyed by sha256, in rows of 1 MiB to bound memory."""

import hashlib
from collections.abc import Iterator
from itertools import chain

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from store.db.clock import now
from store.db.tables import artifact_chunks, artifacts, checkpoints, models
from store.db.upsert import insert_or_ignore
from store.errors import DamagedArtifactError, NotFoundError

CHUNK_BYTES = 2**20
# One statement, because each statement of a READ COMMITTED transaction has its own snapshot. Its
# rows are fetched few at a time, on PostgreSQL through a server-side cursor.
_READ = (
    select(artifacts.c.bytes, artifact_chunks.c.data)
    .select_from(artifacts.outerjoin(artifact_chunks))
    .where(artifacts.c.sha256 == bindparam("wanted"))
    .order_by(artifact_chunks.c.position)
)
_FEW_AT_A_TIME = {"yield_per": 4}


def hash_artifact(data: bytes) -> str:
    """The sha256 under which the bytes are kept."""
    return hashlib.sha256(data).hexdigest()


def add_artifact(session: Session, data: bytes, sha256: str | None = None) -> str:
    """Keep the bytes, once however often they are added, and return their sha256.

    Args:
        session: whose transaction keeps them.
        data: the bytes.
        sha256: of them, if it is known: hashing takes time, and SQLite has one writer at a time.
    """
    sha256 = sha256 or hash_artifact(data)
    row = {"sha256": sha256, "bytes": len(data), "created_at": now()}
    while not insert_or_ignore(session, artifacts, row):
        if _lock(session, sha256):
            return sha256
        # It was collected in between: it is ours to insert after all.
    chunks = [
        {"sha256": sha256, "position": position, "data": data[start : start + CHUNK_BYTES]}
        for position, start in enumerate(range(0, len(data), CHUNK_BYTES))
    ]
    if chunks:
        session.execute(insert(artifact_chunks), chunks)
    return sha256


def _lock(session: Session, sha256: str) -> bool:
    """Lock an artifact's row until the commit, and return whether it exists.

    A concurrent garbage collection waits until the new reference to the artifact is visible to it,
    and later statements of this transaction read what concurrent writers have committed.
    """
    query = select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256).with_for_update()
    return session.execute(query).one_or_none() is not None


def get_artifact(session: Session, sha256: str) -> bytes:
    """All bytes of an artifact, checked. Raises NotFoundError, DamagedArtifactError."""
    return b"".join(iterate_artifact(session, sha256))


def iterate_artifact(session: Session, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of an artifact, one chunk at a time.

    All chunks come from one snapshot: an artifact that is deleted meanwhile is still read whole.
    The last chunk is followed by the check of length and digest, so that the bytes are good only
    once the iteration has ended. Raises NotFoundError, DamagedArtifactError.
    """
    rows = session.execute(_READ, {"wanted": sha256}, execution_options=_FEW_AT_A_TIME)
    with rows:
        first = next(rows, None)
        if first is None:
            raise NotFoundError("artifact", sha256)
        digest, length = hashlib.sha256(), 0
        for _, chunk in chain([first], rows):
            if chunk is not None:
                digest.update(chunk)
                length += len(chunk)
                yield chunk
    if length != first.bytes:
        raise DamagedArtifactError(sha256, f"{length} of its {first.bytes} bytes are there")
    if digest.hexdigest() != sha256:
        raise DamagedArtifactError(sha256, f"its bytes have the sha256 {digest.hexdigest()}")


def garbage_collect_artifact(session: Session, sha256: str) -> None:
    """Delete an artifact unless a checkpoint or model refers to it."""
    _lock(session, sha256)
    references = (
        select(checkpoints.c.artifact)
        .where(checkpoints.c.artifact == sha256)
        .union_all(select(models.c.artifact).where(models.c.artifact == sha256))
    )
    session.execute(delete(artifacts).where(artifacts.c.sha256 == sha256, ~references.exists()))
