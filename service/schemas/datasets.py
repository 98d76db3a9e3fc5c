"""Datasets on the wire."""

from datetime import datetime

from engine.tables import ColumnKind
from service.schemas.common import View


class TopValue(View):
    """A frequent value and how many rows have it."""

    value: str
    rows: int


class ColumnView(View):
    """What intake has found of a column; extremes and moments are of numbers only."""

    name: str
    kind: ColumnKind
    missing: int
    cardinality: int | None
    integral: bool
    min: float | None
    max: float | None
    mean: float | None
    std: float | None
    top_values: list[TopValue]


class DatasetSummaryView(View):
    """An uploaded table: immutable."""

    id: str
    name: str
    rows: int
    bytes: int
    sha256: str
    column_count: int
    created_at: datetime


class DatasetView(DatasetSummaryView):
    """An uploaded table with its schema."""

    columns: list[ColumnView]
