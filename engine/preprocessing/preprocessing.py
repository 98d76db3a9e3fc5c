"""How a table's columns become the network's inputs, by what was fitted on the training rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from engine.arrays import Floats, Indices
from engine.data.table import Column, FileConventions, count_rows
from engine.preprocessing.encode import encode
from engine.preprocessing.feature_layout import FeatureLayout, lay_out
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedColumn,
    FittedNumeric,
    FittedOrdinal,
    FittedTarget,
    FittedText,
    FittedTime,
    NumericTarget,
)
from engine.preprocessing.flags import Flags, Ranges, compute_flags, find_ranges
from engine.preprocessing.input_columns import require_column
from engine.preprocessing.scale import write_numbers

__all__ = [
    "ClassTarget",
    "FittedBoolean",
    "FittedCategories",
    "FittedCodes",
    "FittedColumn",
    "FittedNumeric",
    "FittedOrdinal",
    "FittedTarget",
    "FittedText",
    "FittedTime",
    "Flags",
    "NumericTarget",
    "Preprocessing",
]


@dataclass(frozen=True)
class Preprocessing:
    """Everything fitted that turns a table into the network's inputs and targets.

    Attributes:
        columns: the features, in the order of the network's inputs.
        target: what is predicted.
        words: in which rows are sent for prediction, those of the table.
    """

    columns: tuple[FittedColumn, ...]
    target: FittedTarget
    words: FileConventions = field(default_factory=FileConventions)

    @property
    def width(self) -> int:
        """Inputs of the network."""
        return self._placement.width

    def transform(
        self,
        columns: Mapping[str, Column],
        dtype: np.dtype[Any],
        rows: Indices | slice = slice(None),
    ) -> Floats:
        """The network's inputs, shape `(rows, width)`, C-contiguous.

        Numbers far beyond the training rows' range are cut to 1000 times its width around it.

        Args:
            columns: by name; levels may be in another order than when fitted, or unknown.
            dtype: of the result.
            rows: which rows to take; default all.

        Raises:
            DataError: a column is missing, of the wrong kind, or too large for the dtype.
        """
        # Not of all rows: a table is transformed in many parts.
        indices = _indices(rows, self.count_rows(columns))
        x: Floats = np.zeros((len(indices), self.width), dtype)
        write_numbers(self._placement.numbers, columns, indices, x)
        for placed in self._placement.others:
            encode(placed, columns, indices, x)
        return x

    def flags(self, columns: Mapping[str, Column]) -> Flags:
        """Which values were missing, which categories unknown, which numbers far out.

        Raises:
            DataError: a column is missing or of the wrong kind.
        """
        others, rows = self._placement.others, self.count_rows(columns)
        return compute_flags(self.columns, self._ranges, others, columns, rows)

    def count_rows(self, columns: Mapping[str, Column]) -> int:
        """Rows of the table."""
        return count_rows(require_column(columns, self.columns[0].name))

    @cached_property
    def _placement(self) -> FeatureLayout:
        return lay_out(self.columns)

    @cached_property
    def _ranges(self) -> Ranges:
        return find_ranges(self.columns)


def _indices(rows: Indices | slice, count: int) -> Indices:
    return np.arange(*rows.indices(count)) if isinstance(rows, slice) else rows
