"""How a table's columns become the network's inputs, by what was fitted on the training rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.errors import DataError
from engine.fitted import (
    ClassTarget,
    FittedBoolean,
    FittedCodes,
    FittedColumn,
    FittedLevels,
    FittedNumeric,
    FittedTarget,
    NumericTarget,
)
from engine.placement import Placement, place
from engine.tables import Column, Level, LevelColumn, NumericColumn

__all__ = [
    "ClassTarget",
    "FittedBoolean",
    "FittedCodes",
    "FittedColumn",
    "FittedLevels",
    "FittedNumeric",
    "FittedTarget",
    "Flags",
    "NumericTarget",
    "Preprocessing",
]

# Rows converted at a time: their float64 block stays in the processor's cache.
_BLOCK_ROWS = 256


@dataclass(frozen=True)
class Flags:
    """What was made up or not understood, each of shape `(rows, columns)`, bool.

    Attributes:
        imputed: a value was missing and something stands in for it.
        unknown: a category that no training row had.
    """

    imputed: NDArray[np.bool_]
    unknown: NDArray[np.bool_]


@dataclass(frozen=True)
class Preprocessing:
    """Everything fitted that turns a table into the network's inputs and targets."""

    columns: tuple[FittedColumn, ...]
    target: FittedTarget

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

        Args:
            columns: by name; levels may be in another order than when fitted, or unknown.
            dtype: of the result.
            rows: which rows to take; default all.

        Raises:
            DataError: a column is missing, of the wrong kind, or too large for the dtype.
        """
        indices = np.arange(self.count_rows(columns))[rows]
        x: Floats = np.zeros((len(indices), self.width), dtype)
        self._write_numbers(columns, indices, x)
        for column, start in self._placement.booleans:
            given = _levels(columns, column.name)
            truth = _truth_of_level(given)
            x[:, start] = np.where(truth < 0, column.fill, truth)[given.codes[indices]]
        for levels, start in self._placement.levels:
            slot = _slots(columns, levels, indices)
            known = np.flatnonzero(slot >= 0)
            x[known, start + slot[known]] = 1
        for codes, start in self._placement.codes:
            x[:, start] = _slots(columns, codes, indices) + 1
        return x

    def flags(self, columns: Mapping[str, Column]) -> Flags:
        """Which values were missing and which categories unknown."""
        shape = (self.count_rows(columns), len(self.columns))
        imputed, unknown = np.zeros(shape, np.bool_), np.zeros(shape, np.bool_)
        for index, column in enumerate(self.columns):
            if isinstance(column, FittedNumeric):
                imputed[:, index] = np.isnan(_numbers(columns, column.name))
                continue
            given = _levels(columns, column.name)
            imputed[:, index] = given.codes < 0
            if isinstance(column, FittedBoolean):
                slots = _truth_of_level(given)
            else:
                slots = _slot_of_level(column, given)
            unknown[:, index] = (slots[given.codes] < 0) & (given.codes >= 0)
        return Flags(imputed, unknown)

    def _write_numbers(self, columns: Mapping[str, Column], indices: Indices, x: Floats) -> None:
        """Fill the numeric inputs, a block of rows at a time."""
        numbers = self._placement.numbers
        if not numbers.names:
            return
        values = [_numbers(columns, name) for name in numbers.names]
        with np.errstate(all="ignore"):
            for start in range(0, len(indices), _BLOCK_ROWS):
                taken = indices[start : start + _BLOCK_ROWS]
                block = np.array([column[taken] for column in values])
                np.copyto(block, numbers.fill, where=np.isnan(block))
                scaled = ((block - numbers.center) / numbers.scale).astype(x.dtype)
                finite = np.isfinite(scaled)
                if not finite.all():
                    name = numbers.names[int(np.argmin(finite.all(axis=1)))]
                    message = f"column {name!r} has a number too large for {x.dtype}"
                    raise DataError(message)
                x[start : start + _BLOCK_ROWS, numbers.slots] = scaled.T

    def count_rows(self, columns: Mapping[str, Column]) -> int:
        """Rows of the table."""
        column = _find(columns, self.columns[0].name)
        return len(column.values if isinstance(column, NumericColumn) else column.codes)

    @cached_property
    def _placement(self) -> Placement:
        return place(self.columns)


def _find(columns: Mapping[str, Column], name: str) -> Column:
    if name not in columns:
        message = f"there is no column {name!r}"
        raise DataError(message)
    return columns[name]


def _numbers(columns: Mapping[str, Column], name: str) -> NDArray[np.float64]:
    """The values of a numeric column; a column without any level has no values at all."""
    column = _find(columns, name)
    if isinstance(column, NumericColumn):
        return column.values
    if not column.levels:
        return np.full(len(column.codes), np.nan)
    message = f"column {name!r} has categories where the model knows numbers"
    raise DataError(message)


def _levels(columns: Mapping[str, Column], name: str) -> LevelColumn:
    column = _find(columns, name)
    if isinstance(column, LevelColumn):
        return column
    if np.isnan(column.values).all():
        return LevelColumn(np.full(len(column.values), -1, np.int32), ())
    message = f"column {name!r} has numbers where the model knows categories"
    raise DataError(message)


# Codes are looked up in a table with one more entry: code −1, missing, finds that last one.


def _truth_of_level(column: LevelColumn) -> Indices:
    """0 or 1 for each level, −1 for one that is no truth value; shape `(levels + 1,)`."""
    truth = [int(level) if isinstance(level, bool) else -1 for level in column.levels]
    return np.array([*truth, -1], np.intp)


def _slot_of_level(fitted: FittedLevels | FittedCodes, column: LevelColumn) -> Indices:
    """The fitted index of each level, −1 if there is none; shape `(levels + 1,)`."""
    slot_of: dict[Level, int] = {level: slot for slot, level in enumerate(fitted.levels)}
    return np.array([*(slot_of.get(level, -1) for level in column.levels), -1], np.intp)


def _slots(
    columns: Mapping[str, Column], fitted: FittedLevels | FittedCodes, rows: Indices
) -> Indices:
    """The fitted index of each row's level, −1 if there is none; shape `(rows,)`."""
    given = _levels(columns, fitted.name)
    slots: Indices = _slot_of_level(fitted, given)[given.codes[rows]]
    return slots
