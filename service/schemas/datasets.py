"""Schemas of datasets."""

from datetime import datetime

from pydantic import Field

from engine.data.table import ColumnKind
from service.schemas.common import View
from service.schemas.intake import NoticeView, OptionsView

Moment = float | str
Cell = float | int | bool | str | None


class TopValue(View):
    """A frequent value and its number of rows."""

    value: str
    rows: int


class ColumnView(View):
    """Statistics of a column; min, max, mean and std exist for numbers and times only."""

    name: str
    kind: ColumnKind
    missing: int
    cardinality: int | None = Field(
        description="Number of distinct values; null if there are too many to count."
    )
    integral: bool = Field(description="All values are whole numbers; for times: whole days.")
    min: Moment | None = Field(description="Times: RFC 3339 text.")
    max: Moment | None = Field(description="Times: RFC 3339 text.")
    mean: Moment | None = Field(description="Times: RFC 3339 text.")
    std: float | None = Field(description="Standard deviation; times: in seconds.")
    top_values: list[TopValue]
    time_format: str | None = Field(description="Times: `iso`, or a strptime format.")


class QuantileView(View):
    """A quantile: `fraction` of the values are at most `value`."""

    fraction: float
    value: Moment


class HistogramView(View):
    """Number of values per bin; a bin includes its lower edge, the last one also its upper."""

    edges: list[Moment] = Field(description="Bin edges, one more than counts; times: RFC 3339.")
    counts: list[int]
    quantiles: list[QuantileView]
    is_sampled: bool = Field(description="Whether the quantiles are estimated from a sample.")


class ColumnDetailView(ColumnView):
    """Statistics of a column and the distribution of its values."""

    dataset_id: str
    rows: int
    histogram: HistogramView | None = Field(None, description="Numbers and times; otherwise null.")
    other_values: int | None = Field(
        None, description="Texts: distinct values besides top_values, if countable."
    )
    other_rows: int | None = Field(None, description="Texts: rows with those values.")


class DatasetSummaryView(View):
    """An uploaded table, which is immutable."""

    id: str
    name: str
    format: str
    rows: int
    bytes: int
    sha256: str = Field(description="SHA-256 of the uploaded bytes.")
    column_count: int
    created_at: datetime


class DatasetLinks(View):
    """Links of a dataset."""

    self: str
    rows: str
    columns: str = Field(description="URL template; {name} is a URL-encoded column name.")


class DatasetView(DatasetSummaryView):
    """An uploaded table, its schema and the options used to read it."""

    options: OptionsView
    notices: list[NoticeView]
    columns: list[ColumnView]
    links: DatasetLinks


class PreviewView(View):
    """The options and schema detected from the first rows of a file."""

    options: OptionsView
    notices: list[NoticeView]
    columns: list[ColumnView]
    sample: list[dict[str, Cell]] = Field(description="The first rows.")
    rows_read: int = Field(description="Rows used to infer the columns.")
    is_complete: bool = Field(description="Whether `rows_read` is all rows of the file.")


class RowsView(View):
    """Rows of a dataset, in file order."""

    data: list[dict[str, Cell]]
    offset: int
    rows: int = Field(description="Number of rows of the whole dataset.")
    has_more: bool
