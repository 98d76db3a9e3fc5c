"""Datasets: taken in, listed, deleted."""

from pathlib import Path

from service.context import Context
from service.schemas.datasets import ColumnView, DatasetSummaryView, DatasetView, TopValue
from service.uploads import Upload
from store.datasets import (
    ColumnRecord,
    Contents,
    DatasetRecord,
    DatasetSummary,
    blob_key,
    delete_dataset,
    erase_dataset,
    get_dataset,
    list_datasets,
    publish_dataset,
    receive_dataset,
)
from store.intake import Table, read_csv
from store.pages import Page, PageRequest


def take_in(context: Context, upload: Upload) -> DatasetRecord:
    """Read an uploaded CSV file and keep it as a dataset.

    Nothing is stored of a file that cannot be read. The row is reserved before the blob is
    written and shown after: whatever a crash leaves in between is invisible, and swept.
    Raises IntakeError, StoreUnavailableError.
    """
    column_file = upload.path.with_suffix(".arrow")
    table = read_csv(upload.path, column_file, context.settings.max_columns)
    with context.database.writing() as session:
        dataset_id = receive_dataset(session, upload.name)
    try:
        return _publish(context, dataset_id, upload, table, column_file)
    except Exception:
        _erase(context, dataset_id)
        raise


def _publish(
    context: Context, dataset_id: str, upload: Upload, table: Table, column_file: Path
) -> DatasetRecord:
    context.blobs.put_blob(blob_key(dataset_id), column_file)
    contents = Contents(table.rows, upload.bytes, upload.sha256, table.columns)
    with context.database.writing() as session:
        return publish_dataset(session, dataset_id, contents)


def _erase(context: Context, dataset_id: str) -> None:
    context.blobs.delete_blob(blob_key(dataset_id))
    with context.database.writing() as session:
        erase_dataset(session, dataset_id)


def remove(context: Context, dataset_id: str) -> None:
    """Delete a dataset that no unfinished job needs. Raises NotFoundError, DatasetInUseError."""
    with context.database.writing() as session:
        delete_dataset(session, dataset_id)
    _erase(context, dataset_id)


def get(context: Context, dataset_id: str) -> DatasetRecord:
    """The dataset. Raises NotFoundError."""
    with context.database.reading() as session:
        return get_dataset(session, dataset_id)


def page(context: Context, request: PageRequest) -> Page[DatasetSummary]:
    """One page of datasets."""
    with context.database.reading() as session:
        return list_datasets(session, request)


def summary_view(dataset: DatasetSummary) -> DatasetSummaryView:
    """The dataset as a list shows it."""
    return DatasetSummaryView(
        id=dataset.id,
        name=dataset.name,
        rows=dataset.rows,
        bytes=dataset.bytes,
        sha256=dataset.sha256,
        column_count=dataset.column_count,
        created_at=dataset.created_at,
    )


def view(dataset: DatasetRecord) -> DatasetView:
    """The dataset as the client sees it."""
    columns = [_column_view(column) for column in dataset.columns]
    return DatasetView(**dict(summary_view(dataset)), columns=columns)


def _column_view(column: ColumnRecord) -> ColumnView:
    return ColumnView(
        name=column.name,
        kind=column.kind,
        missing=column.missing,
        cardinality=column.distinct,
        integral=column.integral,
        min=column.minimum,
        max=column.maximum,
        mean=column.mean,
        std=column.std,
        top_values=[TopValue(value=value, rows=rows) for value, rows in column.top_values],
    )
