"""Fitted preprocessing that transforms table columns into network inputs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from engine.arrays import Floats, Indices
from engine.data.matrix_columns import are_within, count_table_rows
from engine.data.table import Column, FileConventions
from engine.preprocessing.column_plan import inputs_of
from engine.preprocessing.decode import DecodedValue, decode
from engine.preprocessing.encode import encode_columns
from engine.preprocessing.feature_layout import FeatureLayout, lay_out
from engine.preprocessing.fitted import FittedColumn, FittedTarget, FittedTime
from engine.preprocessing.flags import Flags, Ranges, compute_flags, find_ranges
from engine.preprocessing.held_inputs import NOTHING_HELD, HeldInputs
from engine.preprocessing.scale import find_inputs
from engine.preprocessing.untrained import HeldColumns, find_held_columns, find_untrained


@dataclass(frozen=True)
class Preprocessing:
    """The fitted transformation of a table into network inputs and targets.

    Attributes:
        columns: the features, in the order of the network's inputs.
        target: the fitted target.
        words: notation of the training file, which rows sent for prediction may use.
        held: inputs that never varied in the training rows, which keep their value there.
        incomplete: names of the columns with missing values in the training rows; None if unknown.
    """

    columns: tuple[FittedColumn, ...]
    target: FittedTarget
    words: FileConventions = field(default_factory=FileConventions)
    held: HeldInputs = NOTHING_HELD
    incomplete: tuple[str, ...] | None = None

    @property
    def width(self) -> int:
        """Number of network inputs."""
        return self._layout.width

    def transform(
        self,
        columns: Mapping[str, Column],
        dtype: np.dtype[Any],
        rows: Indices | slice = slice(None),
        *,
        allow_infinite: bool = False,
    ) -> Floats:
        """Return the network inputs, shape `(rows, width)`, C-contiguous, not to be changed.

        Numbers are clipped at 1000 times the width of the training range on either side of it, in
        sparse columns at half the width (`engine.preprocessing.fit.sparse_numbers`). Inputs that
        never varied in the training rows are held at their value there.

        Args:
            columns: input columns by name; levels may be in any order, and may be unknown.
            dtype: type of the result.
            rows: rows to transform; default all.
            allow_infinite: write a number that is too large for the dtype as infinity.

        Raises:
            DataError: a column is missing or of the wrong kind, or a number is too large.
        """
        if isinstance(rows, slice) and rows == slice(None) and not self.held:
            found = find_inputs(self._layout.numbers, columns, dtype)
            if found is not None:
                return found
        # Not of all rows: a table is transformed in many parts.
        indices = _indices(rows, self.count_rows(columns))
        x = encode_columns(self._layout, columns, indices, dtype, allow_infinite=allow_infinite)
        self.held.apply(x)
        return x

    @cached_property
    def numeric_names(self) -> tuple[str, ...]:
        """Names of the numeric and time columns, in order."""
        return self._ranges.names

    @cached_property
    def column_widths(self) -> tuple[int, ...]:
        """Number of network inputs of each column."""
        return tuple(inputs_of(column).width for column in self.columns)

    def decode(self, inputs: Floats) -> list[list[DecodedValue]]:
        """Return the column values that network inputs stand for, one list of rows per column.

        The inverse of `transform`, without embedded columns; None where inputs do not determine a
        value, see `engine.preprocessing.decode`.
        """
        return decode(self.columns, inputs)

    def flags(self, columns: Mapping[str, Column], dtype: np.dtype[Any]) -> Flags:
        """Return which values were missing, unknown, out of range or without effect.

        Args:
            columns: input columns by name.
            dtype: type of the network's inputs.

        Raises:
            DataError: a column is missing, of the wrong kind, or too large for the dtype.
        """
        encoded, rows = self._layout.encoded, self.count_rows(columns)
        flags = compute_flags(self.columns, self._ranges, encoded, columns, rows)
        if self.held:
            find_untrained(self._held_columns, columns, dtype, flags.untrained)
        return flags

    def are_usual(self, columns: Mapping[str, Column]) -> bool:
        """Return whether `flags` is known to find nothing: all values are numbers in range."""
        ranges = self._ranges
        return self._has_only_numbers and are_within(
            columns, ranges.names, ranges.lower, ranges.upper
        )

    def count_rows(self, columns: Mapping[str, Column]) -> int:
        """Return the number of rows of the table."""
        return count_table_rows(columns)

    @cached_property
    def _layout(self) -> FeatureLayout:
        return lay_out(self.columns)

    @cached_property
    def _has_only_numbers(self) -> bool:
        """Whether all columns are numbers or times, whose held inputs are those of constants.

        A value in the range of a constant is that constant, and changes no input.
        """
        are_numbers = all(isinstance(slot.column, FittedTime) for slot in self._layout.encoded)
        held = self._held_columns if self.held else None
        return are_numbers and (held is None or held.constant.keys() >= {*held.owners.tolist()})

    @cached_property
    def _held_columns(self) -> HeldColumns:
        return find_held_columns(self.columns, self.held)

    @cached_property
    def _ranges(self) -> Ranges:
        ranges, names = find_ranges(self.columns), self._layout.numbers.names
        # The same names are recognized at once, equal ones only name by name.
        return replace(ranges, names=names) if ranges.names == names else ranges


def _indices(rows: Indices | slice, count: int) -> Indices:
    return np.arange(*rows.indices(count)) if isinstance(rows, slice) else rows
