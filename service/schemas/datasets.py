"""Datasets on the wire."""

from datetime import datetime

from pydantic import Field

from engine.data.table import ColumnKind
from service.schemas.common import View
from service.schemas.intake import NoticeView, OptionsView

Moment = float | str
Cell = float | int | bool | str | None


class TopValue(View):
    """A frequent value and how many rows have it."""

    value: str
    rows: int


class ColumnView(View):
    """What intake has found of a column; extremes and moments are of numbers and times only."""

    name: str
    kind: ColumnKind
    missing: int
    cardinality: int | None = Field(description="Distinct values; null if too many to count.")
    integral: bool = Field(description="Only whole numbers; of times: only days.")
    min: Moment | None = Field(description="Of times as RFC 3339 text.")
    max: Moment | None = Field(description="Of times as RFC 3339 text.")
    mean: Moment | None = Field(description="Of times as RFC 3339 text.")
    std: float | None = Field(description="Of times in seconds.")
    top_values: list[TopValue]
    time_format: str | None = Field(description="Of times: iso, or as strptime takes it.")


class QuantileView(View):
    """So large a fraction of the values is not above this one."""

    fraction: float
    value: Moment


class HistogramView(View):
    """How many values lie between one edge and the next; the last edge belongs to its bin."""

    edges: list[Moment] = Field(description="One more than counts; of times RFC 3339 texts.")
    counts: list[int]
    quantiles: list[QuantileView]
    is_sampled: bool = Field(description="Whether quantiles are estimated from a sample.")


class ColumnDetailView(ColumnView):
    """A column with the distribution of its values."""

    dataset_id: str
    rows: int
    histogram: HistogramView | None = Field(None, description="Of numbers and times; else null.")
    other_values: int | None = Field(
        None, description="Of texts: distinct values besides the top ones, if not too many."
    )
    other_rows: int | None = Field(None, description="Of texts: the rows of those.")


class DatasetSummaryView(View):
    """An uploaded table: immutable."""

    id: str
    name: str
    format: str
    rows: int
    bytes: int
    sha256: str = Field(description="Of the bytes as they were sent.")
    column_count: int
    created_at: datetime


class DatasetLinks(View):
    """Where to go on from a dataset."""

    self: str
    rows: str
    columns: str = Field(description="With a column's name, URL-encoded, in place of {name}.")


class DatasetView(DatasetSummaryView):
    """An uploaded table with its schema, and how it was read."""

    options: OptionsView
    notices: list[NoticeView]
    columns: list[ColumnView]
    links: DatasetLinks


class PreviewView(View):
    """How a file would be read, from its first rows."""

    options: OptionsView
    notices: list[NoticeView]
    columns: list[ColumnView]
    sample: list[dict[str, Cell]] = Field(description="The first rows.")
    rows_read: int = Field(description="So many rows the columns are judged by.")
    is_complete: bool = Field(description="Whether these are all rows of the file.")


class RowsView(View):
    """Some rows of a dataset, in the file's order."""

    data: list[dict[str, Cell]]
    offset: int
    rows: int = Field(description="Of the whole dataset.")
    has_more: bool
