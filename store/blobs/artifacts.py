"""Binary artifacts in the database, keyed by sha256, in chunks of 1 MiB to bound memory."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from store.blobs.disk_errors import translate_disk_errors
from store.blobs.packed_arrays import PackedArrays
from store.blobs.tensor_file import FileArrays
from store.db.clock import now
from store.db.tables import artifact_chunks, artifacts, checkpoints, models
from store.db.upsert import insert_or_ignore
from store.errors import DamagedArtifactError, NotFoundError

CHUNK_BYTES = 2**20
INSERTED_AT_ONCE = 8
# One statement, because each statement of a READ COMMITTED transaction has its own snapshot. Few
# rows are fetched at a time, on PostgreSQL through a server-side cursor.
_READ = (
    select(artifacts.c.bytes, artifact_chunks.c.data)
    .select_from(artifacts.outerjoin(artifact_chunks))
    .where(artifacts.c.sha256 == bindparam("wanted"))
    .order_by(artifact_chunks.c.position)
)
_FEW_AT_A_TIME = {"yield_per": 4}


def hash_artifact(data: bytes | PackedArrays) -> str:
    """Return the sha256 that identifies these bytes."""
    digest = hashlib.sha256()
    for piece in _pieces(data):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(data: bytes | PackedArrays) -> Iterator[bytes]:
    if isinstance(data, PackedArrays):
        return data.pieces(CHUNK_BYTES)
    return (data[start : start + CHUNK_BYTES] for start in range(0, len(data), CHUNK_BYTES))


def add_artifact(session: Session, data: bytes | PackedArrays, sha256: str | None = None) -> str:
    """Store the bytes unless they are already stored, and return their sha256.

    Args:
        session: session of the caller's write transaction.
        data: the bytes; arrays must not have changed since `sha256` was computed.
        sha256: their digest, if computed before the transaction: hashing takes time, and SQLite has
            one writer at a time.
    """
    sha256 = sha256 or hash_artifact(data)
    row = {"sha256": sha256, "bytes": len(data), "created_at": now()}
    while not insert_or_ignore(session, artifacts, row):
        if _lock(session, sha256):
            return sha256
        # Deleted concurrently by a garbage collection: insert it again.
    chunks = (
        {"sha256": sha256, "position": position, "data": piece}
        for position, piece in enumerate(_pieces(data))
    )
    # Few at a time, so that memory does not hold all of them.
    while few := list(islice(chunks, INSERTED_AT_ONCE)):
        session.execute(insert(artifact_chunks), few)
    return sha256


def _lock(session: Session, sha256: str) -> bool:
    """Lock an artifact's row until the commit, and return whether it exists.

    A concurrent garbage collection waits until the new reference to the artifact is visible to it,
    and later statements of this transaction read what concurrent writers have committed.
    """
    query = select(artifacts.c.sha256).where(artifacts.c.sha256 == sha256).with_for_update()
    return session.execute(query).one_or_none() is not None


def get_artifact(session: Session, sha256: str) -> bytes:
    """Return the verified bytes of an artifact. Raises NotFoundError, DamagedArtifactError."""
    return b"".join(iterate_artifact(session, sha256))


def open_arrays(session: Session, sha256: str, folder: Path) -> FileArrays:
    """Return the verified arrays of an artifact in a temporary file; few bytes stay in memory.

    Args:
        session: session of the caller.
        sha256: the artifact.
        folder: folder of the file, which has no name in it; it is created if needed.

    Raises NotFoundError, DamagedArtifactError, StorageFullError, StoreUnavailableError.
    """
    with translate_disk_errors(str(folder)), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        file = stack.enter_context(SpooledTemporaryFile(CHUNK_BYTES, dir=str(folder)))
        file.writelines(iterate_artifact(session, sha256))
        stack.pop_all()
    return FileArrays(cast("BinaryIO", file))


def iterate_artifact(session: Session, sha256: str) -> Iterator[bytes]:
    """Yield the bytes of an artifact in chunks.

    All chunks come from one snapshot, so an artifact that is deleted concurrently is still read
    completely. Length and digest are checked after the last chunk: the bytes are verified only when
    the iteration ends. Raises NotFoundError, DamagedArtifactError.
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
        raise DamagedArtifactError(sha256, f"{length} of its {first.bytes} bytes are stored")
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
