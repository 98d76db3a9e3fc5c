"""Fitting the preprocessing to the training rows, and only to them."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.errors import DataError
from engine.fitted import (
    ClassTarget,
    FittedBoolean,
    FittedCodes,
    FittedColumn,
    FittedLevels,
    FittedNumeric,
    NumericTarget,
)
from engine.specs import ResolvedPreprocessing
from engine.tables import Column, Level, LevelColumn, NumericColumn, Table


def fit_column(
    name: str, column: Column, rows: Indices, spec: ResolvedPreprocessing
) -> FittedColumn:
    """Fit one column to the given rows.

    Raises:
        DataError: its numbers are so large that their mean or spread is not finite.
    """
    if isinstance(column, NumericColumn):
        return _fit_numeric(name, column.values[rows], spec)
    codes = column.codes[rows]
    codes = codes[codes >= 0]
    if _is_boolean(column):
        truth = np.array(column.levels, np.float64)[codes]
        return FittedBoolean(name, fill=_typical(truth, spec))
    present = tuple(sorted({str(column.levels[code]) for code in np.unique(codes)}))
    if spec.categorical == "embedding":
        return FittedCodes(name, present)
    return FittedLevels(name, present)


def _is_boolean(column: LevelColumn) -> bool:
    return bool(column.levels) and all(isinstance(level, bool) for level in column.levels)


def _fit_numeric(
    name: str, values: NDArray[np.float64], spec: ResolvedPreprocessing
) -> FittedNumeric:
    values = values[~np.isnan(values)]
    center, scale = _center_and_scale(name, values, spec.numeric)
    fill = _typical(values, spec)
    _require_finite(name, fill)
    return FittedNumeric(name, center=center, scale=scale, fill=fill)


def _center_and_scale(name: str, values: NDArray[np.float64], scaling: str) -> tuple[float, float]:
    """What to subtract and what to divide by; a column that never varies is divided by one."""
    if scaling == "none" or not len(values):
        return 0.0, 1.0
    least, most = float(values.min()), float(values.max())
    if least == most:
        center, scale = least, 1.0
    elif scaling == "min_max":
        center, scale = least, most - least
    else:
        with np.errstate(all="ignore"):
            center, scale = float(values.mean()), float(values.std())
    _require_finite(name, center, scale)
    return center, scale or 1.0


def _require_finite(name: str, *fitted: float) -> None:
    if not np.isfinite(fitted).all():
        message = f"column {name!r} has numbers too large to be scaled"
        raise DataError(message)


def _typical(values: NDArray[np.float64], spec: ResolvedPreprocessing) -> float:
    """What stands in for a missing value: the mean or median; 0 if there is no value at all."""
    if not len(values):
        return 0.0
    with np.errstate(all="ignore"):
        return float(np.median(values) if spec.missing == "median" else values.mean())


def fit_numeric_target(
    name: str, values: NDArray[np.float64], spec: ResolvedPreprocessing
) -> NumericTarget:
    """Fit a numeric target to the training rows' values, none of them missing."""
    center, scale = _center_and_scale(name, values, spec.target)
    return NumericTarget(name, center=center, scale=scale)


def fit_class_target(name: str, column: Column) -> tuple[ClassTarget, Indices]:
    """The classes, ascending, and each row's class, shape `(rows,)`, −1 where it is missing.

    Classes keep the client's type: whole numbers are int, truth values bool, the rest str.

    Raises:
        DataError: a number is infinite.
    """
    if isinstance(column, NumericColumn):
        present = ~np.isnan(column.values)
        if np.isinf(column.values).any():
            message = f"column {name!r} has an infinite number, which is no class"
            raise DataError(message)
        values, inverse = np.unique(column.values[present], return_inverse=True)
        codes = np.full(len(column.values), -1, np.intp)
        codes[present] = inverse
        return ClassTarget(name, tuple(_class_of(value) for value in values.tolist())), codes
    used = np.unique(column.codes[column.codes >= 0])
    classes: list[Level] = sorted(column.levels[code] for code in used)
    index_of = np.full(len(column.levels) + 1, -1, np.intp)  # the last is for code −1, missing
    for code in used:
        index_of[code] = classes.index(column.levels[code])
    return ClassTarget(name, tuple(classes)), index_of[column.codes]


def _class_of(value: float) -> int | float:
    # Beyond 2**53 a float64 no longer names one whole number.
    return int(value) if value.is_integer() and abs(value) <= 2**53 else value


def fit_columns(
    table: Table, names: tuple[str, ...], rows: Indices, spec: ResolvedPreprocessing
) -> tuple[FittedColumn, ...]:
    """Fit each of the named columns to the given rows."""
    columns = table.read(names)
    return tuple(fit_column(name, columns[name], rows, spec) for name in names)
