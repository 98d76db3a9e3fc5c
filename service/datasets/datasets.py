"""Queries and deletion of datasets."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.data.table import find_column
from service.context import Context
from store.datasets.columns import ColumnRecord
from store.datasets.datasets import (
    DatasetRecord,
    DatasetSummary,
    blob_key,
    get_dataset,
    list_datasets,
)
from store.datasets.deletion import delete_dataset, delete_dataset_row, mark_dataset_deleted
from store.datasets.histograms import Histogram, LevelCounts, column_histogram, column_levels
from store.datasets.rows import Row, read_rows
from store.db.pagination import Page, PageRequest
from store.errors import NotFoundError, StoreUnavailableError

# Limits the rows of a page of a wide table.
MAX_PAGE_CELLS = 200_000
# Pages that are read and written at once. Further threads would only wait for the interpreter
# lock, and the event loop with them.
_PAGES = threading.Semaphore(2)
RowsWriter = Callable[[DatasetRecord, list[Row]], str]


def abandon(context: Context, dataset_id: str, *, was_swept: bool) -> None:
    """Erase a dataset that was not shown, with its blob."""
    with context.database.writing() as session:
        blob = mark_dataset_deleted(session, dataset_id)
    # A sweep may have erased the row before there was a blob to erase.
    _erase(context, dataset_id, blob_key(dataset_id) if was_swept else blob)


def _erase(context: Context, dataset_id: str, blob: str | None) -> None:
    if blob is not None:
        context.blobs.delete_blob(blob)
    with context.database.writing() as session:
        delete_dataset_row(session, dataset_id)


def remove(context: Context, dataset_id: str) -> None:
    """Delete a dataset that no unfinished job uses. Raises NotFoundError, DatasetInUseError."""
    with context.database.writing() as session:
        blob = delete_dataset(session, dataset_id)
    _erase(context, dataset_id, blob)


def get(context: Context, dataset_id: str) -> DatasetRecord:
    """Return the dataset. Raises NotFoundError."""
    with context.database.reading() as session:
        return get_dataset(session, dataset_id)


def page(context: Context, request: PageRequest) -> Page[DatasetSummary]:
    """Return one page of datasets."""
    with context.database.reading() as session:
        return list_datasets(session, request)


def write_rows(
    context: Context, dataset_id: str, offset: int, limit: int, write: RowsWriter
) -> str:
    """Return a page of rows as `write` writes it. Raises NotFoundError, StoreUnavailableError."""
    dataset = get(context, dataset_id)
    limit = min(limit, max(1, MAX_PAGE_CELLS // len(dataset.columns)))
    with _hold_columns(context, dataset) as path, _PAGES:
        return write(dataset, read_rows(path, dataset.columns, offset, limit))


def column(
    context: Context, dataset_id: str, name: str
) -> tuple[DatasetRecord, ColumnRecord, Histogram | LevelCounts | None]:
    """A column and how its values are distributed. Raises NotFoundError, StoreUnavailableError."""
    dataset = get(context, dataset_id)
    found = find_column(dataset.columns, name)
    if found is None:
        raise NotFoundError("column", ascii(name[:80]))
    with _hold_columns(context, dataset) as path:
        if found.kind in {"numeric", "time"}:
            return dataset, found, column_histogram(path, found)
        return dataset, found, column_levels(path, found)


@contextmanager
def _hold_columns(context: Context, dataset: DatasetRecord) -> Iterator[Path]:
    """The dataset's column file, which may be deleted at any moment.

    Raises NotFoundError if the dataset has been deleted, StoreUnavailableError if only its file is
    missing.
    """
    try:
        with context.blobs.hold_path(dataset.blob, dataset.blob_sha256) as path:
            yield path
    except (NotFoundError, FileNotFoundError) as error:
        # A deletion hides the row before it erases the file.
        get(context, dataset.id)
        msg = f"the file of dataset {dataset.id} is missing"
        raise StoreUnavailableError(msg) from error
