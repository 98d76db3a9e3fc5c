"""From categories, truth values, times and texts to inputs of the network, column by column."""

from collections.abc import Mapping
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Indices
from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.errors import DataError
from engine.preprocessing.datetime_features import share_past, years_of
from engine.preprocessing.feature_layout import ColumnSlot, count_features
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
    categories_of,
    index_of_level,
    numbers_of,
    take_levels,
    truth_of_level,
)
from engine.preprocessing.missing_values import is_missing
from engine.preprocessing.out_of_range import CLIP_SPANS, expand_range


def encode(placed: ColumnSlot, columns: Mapping[str, Column], rows: Indices, x: Floats) -> None:
    """Fill the inputs of one column in x, `(rows, width)`, which are 0 so far.

    Raises:
        DataError: the column is missing or of another kind, or a number is too large for x.
    """
    fitted = placed.column
    inputs = x[:, placed.start : placed.start + count_features(fitted)]
    match fitted:
        case FittedTime():
            seconds = numbers_of(columns, fitted.name)[rows]
            _write_times(fitted, seconds, inputs)
            given: Column = NumericColumn(seconds)
        case FittedBoolean() | FittedCategories() | FittedCodes() | FittedOrdinal() | FittedText():
            given = take_levels(categories_of(columns, fitted.name), rows)
            _write_levels(placed, given, inputs)
        case _:
            assert_never(fitted)
    if not isinstance(fitted, FittedCodes) and fitted.indicator:
        inputs[:, -1] = is_missing(given)


def _write_levels(placed: ColumnSlot, given: CategoricalColumn, inputs: Floats) -> None:
    fitted = placed.column
    match fitted:
        case FittedBoolean():
            truth = truth_of_level(given)
            inputs[:, 0] = np.where(truth < 0, fitted.fill, truth)[given.codes]
        case FittedCategories():
            slots = _slots(placed, fitted, given)
            known = np.flatnonzero(slots >= 0)
            inputs[known, slots[known]] = 1
        case FittedCodes():
            inputs[:, 0] = _slots(placed, fitted, given) + 1
        case FittedOrdinal():
            index = index_of_level(placed.index_of, given)
            scaled = (np.where(index < 0, fitted.fill, index) - fitted.center) / fitted.scale
            inputs[:, 0] = _finite(fitted.name, scaled, inputs)[given.codes]
        case FittedText():
            _write_words(fitted, given, inputs)


def _slots(
    placed: ColumnSlot, fitted: FittedCategories | FittedCodes, given: CategoricalColumn
) -> Indices:
    """Each row's index among the levels, with rest after them; −1 if there is none."""
    missing = -1 if fitted.fill is None else placed.index_of.get(fitted.fill, -1)
    index = index_of_level(placed.index_of, given, missing)
    if fitted.rest:
        unknown = index[:-1] < 0
        index[:-1][unknown] = len(fitted.levels)
    found: Indices = index[given.codes]
    return found


def _write_words(fitted: FittedText, given: CategoricalColumn, inputs: Floats) -> None:
    """Each text is hashed once, however many rows have it."""
    used = np.unique(given.codes[given.codes >= 0]).tolist()
    hashed = {code: hash_words(str(given.levels[code]), fitted.buckets) for code in used}
    for row, code in enumerate(given.codes.tolist()):
        if code >= 0:
            inputs[row, list(hashed[code])] = list(hashed[code].values())


def _write_times(fitted: FittedTime, seconds: NDArray[np.float64], inputs: Floats) -> None:
    least, most = expand_range([fitted], CLIP_SPANS)
    seconds = np.clip(seconds, least[0], most[0])
    seconds = np.where(np.isnan(seconds), fitted.fill, seconds)
    start = 0
    for part in fitted.parts:
        if part == "year":
            with np.errstate(all="ignore"):
                year = (years_of(seconds) - fitted.center) / fitted.scale
            inputs[:, start] = _finite(fitted.name, year, inputs)
            start += 1
        else:
            angle = 2 * np.pi * share_past(seconds, part)
            inputs[:, start], inputs[:, start + 1] = np.sin(angle), np.cos(angle)
            start += 2


def _finite(name: str, values: NDArray[np.float64], inputs: Floats) -> Floats:
    """The values in the inputs' type. Raises DataError if one is too large for it."""
    with np.errstate(all="ignore"):
        found: Floats = values.astype(inputs.dtype)
    if not np.isfinite(found).all():
        message = f"column {name!r} has a number too large for {inputs.dtype}"
        raise DataError(message)
    return found
