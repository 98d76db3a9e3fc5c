"""Encoding of columns as network inputs."""

from collections.abc import Mapping
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.errors import DataError
from engine.preprocessing.datetime_features import count_part_inputs, elapsed_fraction, years_of
from engine.preprocessing.feature_layout import ColumnSlot, FeatureLayout
from engine.preprocessing.fitted import (
    FittedBoolean,
    FittedCategories,
    FittedCodes,
    FittedOrdinal,
    FittedText,
    FittedTime,
)
from engine.preprocessing.hashing import hash_words
from engine.preprocessing.input_columns import (
    boolean_codes,
    categorical_column,
    category_indices,
    numeric_values,
    take_categories,
)
from engine.preprocessing.missing_values import is_missing
from engine.preprocessing.out_of_range import clip_range
from engine.preprocessing.scale import write_numbers


def encode_columns(
    layout: FeatureLayout,
    columns: Mapping[str, Column],
    rows: Indices,
    dtype: np.dtype[Any],
    *,
    allow_infinite: bool = False,
) -> Floats:
    """Return the inputs of all columns, shape `(rows, width)`, C-contiguous.

    Raises:
        DataError: a column is missing or of another kind, or a number is too large for the dtype,
            unless `allow_infinite`.
    """
    # Every input of a layout of plain numbers is written.
    has_zeros = layout.encoded or not isinstance(layout.numbers.slots, slice)
    shape = (len(rows), layout.width)
    x: Floats = np.zeros(shape, dtype) if has_zeros else np.empty(shape, dtype)
    write_numbers(layout.numbers, columns, rows, x, allow_infinite=allow_infinite)
    for slot in layout.encoded:
        _encode(slot, columns, rows, x, allow_infinite=allow_infinite)
    return x


def _encode(
    slot: ColumnSlot,
    columns: Mapping[str, Column],
    rows: Indices,
    x: Floats,
    *,
    allow_infinite: bool,
) -> None:
    """Write the inputs of one column that is not numeric to x, which is initially 0."""
    fitted = slot.column
    inputs = x[:, slot.position]
    match fitted:
        case FittedTime():
            seconds = numeric_values(columns, fitted.name)[rows]
            _write_times(fitted, seconds, inputs)
            column: Column = NumericColumn(seconds)
        case FittedBoolean() | FittedCategories() | FittedCodes() | FittedOrdinal() | FittedText():
            column = take_categories(categorical_column(columns, fitted.name), rows)
            _write_categories(slot, column, inputs)
        case _:
            assert_never(fitted)
    if slot.indicator:
        inputs[:, -1] = is_missing(column)
    has_numbers = isinstance(fitted, FittedOrdinal | FittedTime)
    if has_numbers and not allow_infinite and not np.isfinite(inputs).all():
        message = f"column {fitted.name!r} has a number too large for {x.dtype}"
        raise DataError(message, fitted.name)


def _write_categories(slot: ColumnSlot, column: CategoricalColumn, inputs: Floats) -> None:
    fitted = slot.column
    match fitted:
        case FittedBoolean():
            truth = boolean_codes(column)
            inputs[:, 0] = np.where(truth < 0, fitted.fill, truth)[column.codes]
        case FittedCategories():
            hot = _category_slots(slot, fitted, column)
            rows = np.flatnonzero(hot >= 0)
            inputs[rows, hot[rows]] = 1
        case FittedCodes():
            inputs[:, 0] = _category_slots(slot, fitted, column) + 1
        case FittedOrdinal():
            index = category_indices(slot.index_of, column)
            scaled = (np.where(index < 0, fitted.fill, index) - fitted.center) / fitted.scale
            inputs[:, 0] = _cast(scaled, inputs)[column.codes]
        case FittedText():
            _write_text(fitted, column, inputs)


def _category_slots(
    slot: ColumnSlot, fitted: FittedCategories | FittedCodes, column: CategoricalColumn
) -> Indices:
    """Return each row's category index; the index after the last is `rest`, −1 is none."""
    missing = -1 if fitted.fill is None else slot.index_of.get(fitted.fill, -1)
    index = category_indices(slot.index_of, column, missing)
    if fitted.rest:
        is_unknown = index[:-1] < 0
        index[:-1][is_unknown] = len(fitted.levels)
    indices: Indices = index[column.codes]
    return indices


def _write_text(fitted: FittedText, column: CategoricalColumn, inputs: Floats) -> None:
    """Hash each distinct text once."""
    used = np.unique(column.codes[column.codes >= 0]).tolist()
    hashed = {code: hash_words(str(column.levels[code]), fitted.buckets) for code in used}
    for row, code in enumerate(column.codes.tolist()):
        if code >= 0:
            inputs[row, list(hashed[code])] = list(hashed[code].values())


def _write_times(fitted: FittedTime, seconds: NDArray[np.float64], inputs: Floats) -> None:
    lower, upper = clip_range([fitted])
    seconds = np.clip(seconds, lower[0], upper[0])
    seconds = np.where(np.isnan(seconds), fitted.fill, seconds)
    start = 0
    for part in fitted.parts:
        if part == "year":
            with np.errstate(all="ignore"):
                year = (years_of(seconds) - fitted.center) / fitted.scale
            inputs[:, start] = _cast(year, inputs)
        else:
            angle = 2 * np.pi * elapsed_fraction(seconds, part)
            inputs[:, start], inputs[:, start + 1] = np.sin(angle), np.cos(angle)
        start += count_part_inputs(part)


def _cast(values: NDArray[np.float64], inputs: Floats) -> Floats:
    """Cast the values to the inputs' type; infinity if one is too large for it."""
    with np.errstate(all="ignore"):
        cast: Floats = values.astype(inputs.dtype)
    return cast
