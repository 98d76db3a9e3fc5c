"""Fitting of targets: scaling of numbers, enumeration of classes."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, Level, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fit.numbers import center_and_scale
from engine.preprocessing.fitted import ClassTarget, NumericTarget
from engine.specs import MAX_EXACT_INTEGER, ResolvedPreprocessing


def fit_numeric_target(
    name: str, values: NDArray[np.float64], spec: ResolvedPreprocessing
) -> NumericTarget:
    """Fit a numeric target on the training rows' values, none missing."""
    center, scale = center_and_scale(name, values, spec.target)
    return NumericTarget(name, center=center, scale=scale)


def fit_class_target(name: str, column: Column) -> tuple[ClassTarget, Indices]:
    """Return the classes in ascending order, and each row's class, `(rows,)`; −1 is missing.

    Classes keep their type: whole numbers are int, booleans bool, all other categories str.

    Raises:
        DataError: a number is infinite.
    """
    if isinstance(column, NumericColumn):
        present = ~np.isnan(column.values)
        if np.isinf(column.values).any():
            message = f"column {name!r} has an infinite number, which cannot be a class"
            raise DataError(message)
        values, inverse = np.unique(column.values[present], return_inverse=True)
        codes = np.full(len(column.values), -1, np.intp)
        codes[present] = inverse
        return ClassTarget(name, tuple(_class_of(value) for value in values.tolist())), codes
    used = np.unique(column.codes[column.codes >= 0])
    classes: list[Level] = sorted(column.levels[code] for code in used)
    index_of = np.full(
        len(column.levels) + 1, -1, np.intp
    )  # the last entry is for code −1, missing
    for code in used:
        index_of[code] = classes.index(column.levels[code])
    return ClassTarget(name, tuple(classes)), index_of[column.codes]


def _class_of(value: float) -> int | float:
    # Above it, a float64 does not identify a unique whole number.
    return int(value) if value.is_integer() and abs(value) <= MAX_EXACT_INTEGER else value
