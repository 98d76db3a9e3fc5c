"""Dataset records to response schemas."""

from collections.abc import Sequence
from typing import assert_never

from service.http.csv import as_csv
from service.schemas.datasets import (
    ColumnDetailView,
    ColumnView,
    DatasetLinks,
    DatasetSummaryView,
    DatasetView,
    HistogramView,
    Moment,
    PreviewView,
    QuantileView,
    RowsView,
    TopValue,
)
from service.schemas.intake import NoticeView, OptionsView
from store.datasets.columns import ColumnRecord, Notice
from store.datasets.datasets import DatasetRecord, DatasetSummary
from store.datasets.histograms import Histogram, LevelCounts
from store.datasets.rows import Row
from store.datasets.time_text import format_time
from store.intake import Preview


def summary_view(dataset: DatasetSummary) -> DatasetSummaryView:
    """Return the dataset without its schema, for lists."""
    return DatasetSummaryView(
        id=dataset.id,
        name=dataset.name,
        format=dataset.format,
        rows=dataset.rows,
        bytes=dataset.bytes,
        sha256=dataset.sha256,
        column_count=dataset.column_count,
        created_at=dataset.created_at,
    )


def dataset_view(dataset: DatasetRecord) -> DatasetView:
    """Return the dataset with its schema."""
    here = f"/v1/datasets/{dataset.id}"
    return DatasetView(
        **dict(summary_view(dataset)),
        options=OptionsView(**dataset.options),
        notices=[_notice_view(notice) for notice in dataset.notices],
        columns=[column_view(column) for column in dataset.columns],
        links=DatasetLinks(self=here, rows=f"{here}/rows", columns=f"{here}/columns/{{name}}"),
    )


def column_view(column: ColumnRecord) -> ColumnView:
    """Return the stored statistics of a column."""
    return ColumnView(
        name=column.name,
        kind=column.kind,
        missing=column.missing,
        cardinality=column.distinct,
        integral=column.integral,
        min=_optional_moment(column, column.minimum),
        max=_optional_moment(column, column.maximum),
        mean=_optional_moment(column, column.mean),
        std=column.std,
        top_values=_top_values(column.top_values),
        time_format=column.time_format,
    )


def column_detail_view(
    dataset: DatasetRecord, column: ColumnRecord, found: Histogram | LevelCounts | None
) -> ColumnDetailView:
    """Return a column with the distribution of its values."""
    shown = dict(column_view(column))
    match found:
        case Histogram():
            shown["histogram"] = _histogram_view(column, found)
        case LevelCounts():
            shown["top_values"] = _top_values(found.levels)
            shown |= {"other_values": found.others, "other_rows": found.other_rows}
        case None:
            pass
        case _:
            assert_never(found)
    return ColumnDetailView(**shown, dataset_id=dataset.id, rows=dataset.rows)


def _histogram_view(column: ColumnRecord, found: Histogram) -> HistogramView:
    return HistogramView(
        edges=[_moment(column, edge) for edge in found.edges],
        counts=list(found.counts),
        quantiles=[
            QuantileView(fraction=fraction, value=_moment(column, value))
            for fraction, value in found.quantiles
        ],
        is_sampled=found.is_sampled,
    )


def preview_view(found: Preview) -> PreviewView:
    """Return the preview of a file."""
    return PreviewView(
        options=OptionsView(**found.options.as_json()),
        notices=[_notice_view(notice) for notice in found.notices],
        columns=[column_view(column) for column in found.columns],
        sample=list(found.sample),
        rows_read=found.rows_read,
        is_complete=found.is_complete,
    )


def rows_view(dataset: DatasetRecord, rows: list[Row], offset: int) -> RowsView:
    """Return a page of rows, and whether more follow."""
    has_more = offset + len(rows) < dataset.rows
    return RowsView(data=rows, offset=offset, rows=dataset.rows, has_more=has_more)


def rows_as_csv(dataset: DatasetRecord, rows: list[Row]) -> str:
    """Write a header and one line per row."""
    names = [column.name for column in dataset.columns]
    return as_csv(names, ([row[name] for name in names] for row in rows))


def _notice_view(notice: Notice) -> NoticeView:
    return NoticeView(code=notice.code, detail=notice.detail, column=notice.column)


def _top_values(pairs: Sequence[tuple[str, int]]) -> list[TopValue]:
    return [TopValue(value=value, rows=rows) for value, rows in pairs]


def _optional_moment(column: ColumnRecord, number: float | None) -> Moment | None:
    return None if number is None else _moment(column, number)


def _moment(column: ColumnRecord, number: float) -> Moment:
    """Return a value of a column; for a time column as RFC 3339 text."""
    return format_time(number) if column.kind == "time" else number
