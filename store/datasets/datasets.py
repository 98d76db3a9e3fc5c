"""Datasets: immutable uploaded tables. A row holds the metadata, a blob the columns.

Datasets with equal bytes and read options share a blob; it is deleted with the last of them.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select, update
from sqlalchemy.orm import Session

from engine.stored.columns import upgrade_column
from engine.stored.versions import SPEC_VERSION
from store.datasets.columns import ColumnRecord, Notice
from store.db.clock import now
from store.db.ids import new_id
from store.db.pagination import Page, PageRequest, fetch_page
from store.db.tables import datasets
from store.errors import NotFoundError
from store.usage.counters import add_usage

RECEIVING, READY, DELETING = "receiving", "ready", "deleting"
# Incremented by a change of intake that reads the same bytes differently.
INTAKE_VERSION = 2


@dataclass(frozen=True)
class DatasetSummary:
    """A row of the table `datasets`, without the details of its columns."""

    id: str
    owner: str
    name: str
    state: str
    rows: int
    bytes: int
    sha256: str
    column_count: int
    format: str
    created_at: datetime


@dataclass(frozen=True)
class DatasetRecord(DatasetSummary):
    """A complete row of the table `datasets`.

    Attributes:
        columns: columns from left to right.
        spec_version: version of the stored columns.
        options: options with which the file was read, see `store.intake.options.ReadOptions`.
        notices: changes and guesses made by intake.
        blob: key of the column file.
        blob_sha256: sha256 of the column file; empty for files written before it was recorded.
        blob_bytes: size of the column file.
        fingerprint: hash of the uploaded bytes and the read options, see `content_hash`.
    """

    columns: tuple[ColumnRecord, ...]
    spec_version: int
    options: dict[str, Any]
    notices: tuple[Notice, ...]
    blob: str
    blob_sha256: str
    blob_bytes: int
    fingerprint: str


@dataclass(frozen=True)
class Contents:
    """Result of intake: columns, rows, size and sha256 of the uploaded bytes, and read options.

    `blob_bytes` is the size of the column file.
    """

    rows: int
    bytes: int
    sha256: str
    columns: tuple[ColumnRecord, ...]
    format: str = "csv"
    options: dict[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()
    blob_sha256: str = ""
    blob_bytes: int = 0
    fingerprint: str = ""


def blob_key(dataset_id: str) -> str:
    """Return the key of a dataset's column file in the blob store."""
    return f"datasets/{dataset_id}.arrow"


def content_hash(sha256: str, options: dict[str, Any]) -> str:
    """Return the hash that datasets sharing a blob have in common.

    Args:
        sha256: hash of the uploaded bytes.
        options: JSON values of everything else that determines how they are read.
    """
    text = json.dumps([INTAKE_VERSION, sha256, options], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _record(row: RowMapping) -> DatasetRecord:
    columns = tuple(read_column(values, row["spec_version"]) for values in row["columns"])
    notices = tuple(Notice(**notice) for notice in row["notices"])
    return DatasetRecord(**{**row, "columns": columns, "notices": notices})


def read_column(values: dict[str, Any], version: int) -> ColumnRecord:
    """Return a stored column. Raises LaterVersionError."""
    column = upgrade_column(values, version)
    counts = tuple((value, rows) for value, rows in column["top_values"])
    levels = None if column.get("levels") is None else tuple(column["levels"])
    return ColumnRecord(**{**column, "top_values": counts, "levels": levels})


def dump_column(column: ColumnRecord) -> dict[str, Any]:
    """Return the column as JSON values of the current version."""
    counts = [list(pair) for pair in column.top_values]
    levels = None if column.levels is None else list(column.levels)
    return {**asdict(column), "top_values": counts, "levels": levels}


def receive_dataset(session: Session, name: str, owner: str = "") -> str:
    """Reserve an id for a dataset that is being uploaded; it is not visible yet."""
    dataset_id = new_id("ds")
    session.execute(
        insert(datasets).values(
            id=dataset_id,
            owner=owner,
            name=name,
            state=RECEIVING,
            rows=0,
            bytes=0,
            sha256="",
            column_count=0,
            columns=[],
            blob=blob_key(dataset_id),
            created_at=now(),
        )
    )
    return dataset_id


def touch_dataset(session: Session, dataset_id: str) -> None:
    """Renew the age of a dataset that is still being received."""
    receiving = (datasets.c.id == dataset_id, datasets.c.state == RECEIVING)
    session.execute(update(datasets).where(*receiving).values(created_at=now()))


def publish_dataset(session: Session, dataset_id: str, contents: Contents) -> DatasetRecord:
    """Make a dataset with a complete blob visible. Raises NotFoundError if a sweep removed it."""
    row = (
        session.execute(
            update(datasets)
            .where(datasets.c.id == dataset_id, datasets.c.state == RECEIVING)
            .values(
                state=READY,
                rows=contents.rows,
                bytes=contents.bytes,
                sha256=contents.sha256,
                column_count=len(contents.columns),
                columns=[dump_column(column) for column in contents.columns],
                spec_version=SPEC_VERSION,
                format=contents.format,
                options=contents.options,
                notices=[asdict(notice) for notice in contents.notices],
                blob_sha256=contents.blob_sha256,
                blob_bytes=contents.blob_bytes,
                fingerprint=contents.fingerprint,
                created_at=now(),
            )
            .returning(*datasets.c)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise NotFoundError("dataset", dataset_id)
    add_usage(session, row["owner"], datasets=contents.blob_bytes)
    return _record(row)


def share_dataset(
    session: Session, name: str, fingerprint: str, owner: str = ""
) -> DatasetRecord | None:
    """Create a dataset that shares the blob of a ready one with this fingerprint, if any.

    Safe against a concurrent deletion of that one: its row is locked, so either the deletion sees
    the new row, or this sees no dataset to share.
    """
    query = (
        select(datasets)
        .where(datasets.c.fingerprint == fingerprint, datasets.c.state == READY)
        .where(datasets.c.spec_version <= SPEC_VERSION)
        .order_by(datasets.c.id)
        .limit(1)
        .with_for_update(read=True)
    )
    source = session.execute(query).mappings().one_or_none() if fingerprint else None
    if source is None:
        return None
    own = {"id": new_id("ds"), "owner": owner, "name": name, "created_at": now()}
    inserted = session.execute(insert(datasets).values({**source, **own}).returning(*datasets.c))
    add_usage(session, owner, datasets=source["blob_bytes"])
    return _record(inserted.mappings().one())


# A table may have thousands of columns: lists and locks do not read them.
_SUMMARY = [datasets.c[name] for name in DatasetSummary.__dataclass_fields__]


def get_dataset(session: Session, dataset_id: str) -> DatasetRecord:
    """A dataset that is ready. Raises NotFoundError, LaterVersionError."""
    return _record(_row(session, _ready(select(datasets), dataset_id), dataset_id))


def lock_datasets(session: Session, dataset_ids: Sequence[str]) -> dict[str, DatasetSummary]:
    """Datasets that are ready and stay so until the commit, by id. Raises NotFoundError."""
    # In the order in which a deletion locks, or each could wait for the other.
    found = {}
    for name in sorted(set(dataset_ids)):
        query = _ready(select(*_SUMMARY), name).with_for_update(read=True)
        found[name] = DatasetSummary(**_row(session, query, name))
    return found


def _ready(query: Select[Any], dataset_id: str) -> Select[Any]:
    return query.where(datasets.c.id == dataset_id, datasets.c.state == READY)


def _row(session: Session, query: Select[Any], dataset_id: str) -> RowMapping:
    row = session.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFoundError("dataset", dataset_id)
    return row


def list_datasets(session: Session, request: PageRequest) -> Page[DatasetSummary]:
    """One page of datasets, newest first unless asked otherwise."""
    query = select(*_SUMMARY).where(datasets.c.state == READY)
    return fetch_page(session, query, datasets.c.id, request).map(lambda row: DatasetSummary(**row))
