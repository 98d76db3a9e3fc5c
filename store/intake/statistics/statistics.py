"""Streaming statistics of a table's columns in bounded memory."""

import math
from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import Any

import numpy as np

from engine.data.table import ColumnKind
from store.blobs.tensors import finite_or_none
from store.datasets.columns import MAX_CATEGORY_LENGTH, ColumnRecord
from store.datasets.time_text import DAY, format_time
from store.intake.convert.converter import Rows
from store.intake.convert.plan import ColumnPlan, numeric_columns
from store.intake.statistics.moments import Moments, Summary
from store.intake.statistics.repeats import RepeatSearch
from store.intake.statistics.value_counts import SmallNumbers, ValueCounts

# A text column with more distinct values is free text rather than categorical.
MAX_CATEGORIES = 1000
# A text column with at most this many distinct values is categorical even if few repeat.
FEW_CATEGORIES = 50
MAX_DISTINCT_NUMBERS = 10_000
TOP_VALUES = 10
# All values of a column are stored if there are at most this many …
MAX_LEVELS = 100
# … until the texts of all columns together have this many characters.
MAX_LEVEL_CHARACTERS = 2**16
# Maximum counted values of all columns together: about 30 MB. In a table of thousands of columns,
# counting stops for those with the most distinct values.
MAX_COUNTED = 2**18
# Bytes of values per counting pass: a call per column and batch would cost far more.
COUNTED_BYTES = 8 * 2**20


class TableStatistics:
    """Collects statistics of all columns of a table."""

    def __init__(self, columns: Sequence[ColumnPlan]) -> None:
        self.rows = 0
        self._columns = columns
        self._numeric = numeric_columns(columns)
        numeric = set(self._numeric)
        self._missing = {i: 0 for i in range(len(columns)) if i not in numeric}
        whole = [float(DAY) if columns[i].kind == "time" else 1.0 for i in self._numeric]
        self._moments = Moments(np.array(whole))
        self._small = SmallNumbers(len(self._numeric))
        self._counts = [
            ValueCounts(
                MAX_DISTINCT_NUMBERS if i in numeric else MAX_CATEGORIES,
                takes_long_texts=column.stated == "categorical",
            )
            for i, column in enumerate(columns)
        ]
        self._repeats = [RepeatSearch() for _ in self._numeric]
        self._limit = MAX_DISTINCT_NUMBERS
        self._counted = self._pending = 0
        self._level_characters = MAX_LEVEL_CHARACTERS

    def add(self, rows: Rows) -> None:
        """Add the next rows."""
        self.rows += rows.batch.num_rows
        for index in self._missing:
            self._missing[index] += rows.batch.column(index).null_count
            self._counts[index].put(rows.batch.column(index))
        if self._numeric:
            absent = self._moments.add(rows.numbers)
            small = self._small.add(rows.numbers, absent)
            for position in np.flatnonzero(~small).tolist():
                index = self._numeric[position]
                self._counts[index].put(rows.batch.column(index))
                if self._moments.is_integral(position):
                    self._repeats[position].add(rows.numbers[position])
        self._pending += rows.batch.get_total_buffer_size()
        if self._pending >= COUNTED_BYTES:
            self._count()

    def _count(self) -> None:
        """Count the pending values."""
        self._pending = 0
        for counts in self._counts:
            self._counted -= len(counts)
            counts.count()
            counts.keep_within(self._limit)
            self._counted += len(counts)
            if self._counted > MAX_COUNTED:
                self._shrink()

    def _shrink(self) -> None:
        """Stop counting the columns with the most values until at most half the maximum is used."""
        while self._counted > MAX_COUNTED // 2:
            self._limit //= 2
            for counts in self._counts:
                counts.keep_within(self._limit)
            self._counted = sum(map(len, self._counts))

    def finish(self) -> tuple[ColumnRecord, ...]:
        """Return the statistics of all columns."""
        self._count()
        positions = {index: position for position, index in enumerate(self._numeric)}
        return tuple(
            self._number_record(index, positions[index])
            if index in positions
            else self._text_record(index)
            for index in range(len(self._columns))
        )

    def _number_record(self, index: int, position: int) -> ColumnRecord:
        column, values = self._columns[index], self._moments.summary(position)
        counts = self._counts[index].finish(self._small.counts(position))
        return ColumnRecord(
            name=column.name,
            kind=column.kind,
            missing=self.rows - values.count,
            distinct=None if counts is None else len(counts),
            integral=values.integral and values.count > 0,
            minimum=finite_or_none(values.minimum),
            maximum=finite_or_none(values.maximum),
            mean=finite_or_none(values.mean),
            std=finite_or_none(values.std),
            top_values=_top_values(counts or {}, column.kind),
            time_format=column.time_format,
            levels=self._levels(counts or {}, column.kind),
            all_different=self._are_different(position, values, counts),
        )

    def _are_different(
        self, position: int, values: Summary, counts: Mapping[Any, int] | None
    ) -> bool | None:
        """Return whether no number repeats; None if there are too many that are not whole."""
        if counts is not None:
            return len(counts) == values.count
        return not self._repeats[position].has_repeats if values.integral else None

    def _text_record(self, index: int) -> ColumnRecord:
        """Return the record of a boolean or text column, as free text if it is not categorical."""
        column, counts = self._columns[index], self._counts[index].finish({})
        present = self.rows - self._missing[index]
        is_text = counts is None or _is_mostly_unique(len(counts), present)
        is_inferred = column.kind == "categorical" and column.stated is None
        kind: ColumnKind = "text" if is_text and is_inferred else column.kind
        return ColumnRecord(
            name=column.name,
            kind=kind,
            missing=self._missing[index],
            distinct=None if counts is None else len(counts),
            integral=False,
            minimum=None,
            maximum=None,
            mean=None,
            std=None,
            top_values=_top_values(counts or {}, kind),
            levels=self._levels(counts or {}, kind),
            all_different=None if counts is None else len(counts) == present,
        )

    def _levels(self, counts: Mapping[Any, int], kind: ColumnKind) -> tuple[str, ...] | None:
        """Return all values as text; None if `top_values` has them all, or if they are too many."""
        if kind == "time" or not TOP_VALUES < len(counts) <= MAX_LEVELS:
            return None
        if any(isinstance(value, str) and len(value) > MAX_CATEGORY_LENGTH for value in counts):
            return None
        levels = tuple(_format_value(value, kind) for value in sorted(counts))
        self._level_characters -= sum(map(len, levels))
        return levels if self._level_characters >= 0 else None


def _is_mostly_unique(distinct: int, present: int) -> bool:
    """Whether values occur less than twice on average, as names and identifiers do."""
    return distinct > FEW_CATEGORIES and distinct * 2 > present


def _top_values(counts: Mapping[Any, int], kind: ColumnKind) -> tuple[tuple[str, int], ...]:
    """Return the most frequent values as text; ties are sorted by value."""
    least = min(nlargest(TOP_VALUES, counts.values()), default=0)
    frequent = [item for item in counts.items() if item[1] >= least]
    frequent.sort(key=lambda item: (-item[1], item[0]))
    return tuple((_format_value(value, kind), count) for value, count in frequent[:TOP_VALUES])


def _format_value(value: Any, kind: ColumnKind) -> str:  # noqa: ANN401
    match kind:
        case "time":
            return format_time(value)
        case "numeric":
            return str(int(value)) if math.floor(value) == value else repr(value)
        case "boolean":
            return "true" if value else "false"
        case _:
            return str(value)[:MAX_CATEGORY_LENGTH]
