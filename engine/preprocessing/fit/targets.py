"""Targets: how numbers are scaled, and which classes there are."""

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, Level, NumericColumn
from engine.errors import DataError
from engine.preprocessing.fit.numbers import center_and_scale
from engine.preprocessing.fitted import ClassTarget, NumericTarget
from engine.specs import ResolvedPreprocessing


def fit_numeric_target(
    name: str, values: NDArray[np.float64], spec: ResolvedPreprocessing
) -> NumericTarget:
    """Fit a numeric target to the training rows' values, none of them missing."""
    center, scale = center_and_scale(name, values, spec.target)
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
