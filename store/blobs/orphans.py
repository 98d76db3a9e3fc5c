"""Blobs without a row: found by listing the blob store, and deleted if it belongs to the database.

A blob store belongs to the database whose id is in its blob `instance_id`; others are left alone,
such as that of the service that this database is a copy of.
"""

import logging
from collections.abc import Iterator, Sequence

from sqlalchemy import select

from store.blobs.blobs import BlobStore
from store.db.database import Database
from store.db.instance import read_instance_id
from store.db.tables import datasets, upload_parts

logger = logging.getLogger(__name__)

MARKER = "instance_id"
# The folders of all blobs; nothing else in the store is looked at.
FOLDERS = ("datasets", "uploads")
# A blob is stored before its row, or long after it: younger ones may be under way.
YOUNGEST_SECONDS = 86_400.0


def delete_orphans(
    database: Database, blobs: BlobStore, older_than_seconds: float = YOUNGEST_SECONDS
) -> int:
    """Delete blobs without a row, and files that killed processes have staged; return the number.

    Nothing is deleted unless the store is marked with this database's id. A store without a mark is
    marked if all of its blobs have a row. Raises StoreUnavailableError.
    """
    with database.reading() as session:
        own = read_instance_id(session)
    if not _may_delete(database, blobs, own):
        return 0
    count = blobs.delete_old_staged(older_than_seconds)
    for orphans in _find_orphans(database, blobs, older_than_seconds):
        for key in orphans:
            logger.warning("deleting the blob %s, which no row refers to", key)
            blobs.delete_blob(key)
        count += len(orphans)
    return count


def _may_delete(database: Database, blobs: BlobStore, own: str) -> bool:
    mark = blobs.read_text(MARKER)
    if mark is None and not any(_find_orphans(database, blobs, 0.0)):
        blobs.write_text(MARKER, own)
        mark = blobs.read_text(MARKER)
    if mark is None:
        logger.warning(
            "the blob store is not marked as that of this database, and has blobs without a row: "
            "none is deleted; if no other database uses the store, write %s into its blob %s",
            own,
            MARKER,
        )
    elif mark.strip() != own:
        logger.warning(
            "the blob store belongs to the database %s, this is %s: blobs without a row are kept",
            mark.strip()[:64],
            own,
        )
    return mark is not None and mark.strip() == own


def _find_orphans(
    database: Database, blobs: BlobStore, older_than_seconds: float
) -> Iterator[Sequence[str]]:
    """Yield the keys of blobs of this age without a row, page by page."""
    for folder in FOLDERS:
        for keys in blobs.list_old_blobs(folder, older_than_seconds):
            orphans = set(keys) - _find_known(database, keys)
            if orphans:
                yield sorted(orphans)


def _find_known(database: Database, keys: Sequence[str]) -> set[str]:
    of_datasets = select(datasets.c.blob).where(datasets.c.blob.in_(keys))
    of_parts = select(upload_parts.c.blob).where(upload_parts.c.blob.in_(keys))
    with database.reading() as session:
        return set(session.execute(of_datasets.union(of_parts)).scalars())
