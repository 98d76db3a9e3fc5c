"""Scaling of numbers, and what stands in for a missing one."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.numerics.special import signed_log
from engine.preprocessing.column_options import ColumnOptions
from engine.preprocessing.fit.samples import CategorySample
from engine.preprocessing.fitted import FittedBoolean, FittedNumeric
from engine.specs import MissingStrategy


def fit_numbers(name: str, values: NDArray[np.float64], options: ColumnOptions) -> FittedNumeric:
    """Fit a column of numbers to the training rows' values, none of them missing.

    Raises:
        DataError: they are so large that their mean or spread is not finite.
    """
    is_log = options.numeric == "log1p"
    center, scale = center_and_scale(
        name, signed_log(values) if is_log else values, options.numeric
    )
    fill = fill_number(values, options)
    minimum, maximum = least_and_most(values)
    require_finite(name, fill, minimum or 0.0, maximum or 0.0)
    return FittedNumeric(
        name,
        center=center,
        scale=scale,
        fill=fill,
        log=is_log,
        minimum=minimum,
        maximum=maximum,
        indicator=options.missing_indicator,
    )


def fit_boolean(name: str, sample: CategorySample, options: ColumnOptions) -> FittedBoolean:
    """Fit a column of truth values."""
    truth = np.repeat([0.0, 1.0], [sample.counts[False], sample.counts[True]])
    return FittedBoolean(name, fill_number(truth, options), options.missing_indicator)


def center_and_scale(name: str, values: NDArray[np.float64], scaling: str) -> tuple[float, float]:
    """What to subtract and what to divide by; a column that never varies is divided by one.

    Raises:
        DataError: they are not finite.
    """
    if scaling == "none" or not len(values):
        return 0.0, 1.0
    least, most = float(values.min()), float(values.max())
    with np.errstate(all="ignore"):
        if least == most:
            center, scale = least, 1.0
        elif scaling == "min_max":
            center, scale = least, most - least
        elif scaling == "robust":
            lower, center, upper = np.percentile(values, (25, 50, 75)).tolist()
            # More than half of the numbers may be one and the same.
            scale = upper - lower or float(values.std())
        else:
            center, scale = float(values.mean()), float(values.std())
    require_finite(name, center, scale)
    return center, scale or 1.0


def require_finite(name: str, *fitted: float) -> None:
    """Raise DataError unless all of them are finite numbers."""
    if not np.isfinite(fitted).all():
        message = f"column {name!r} has numbers too large to be scaled"
        raise DataError(message)


def fill_number(values: NDArray[np.float64], options: ColumnOptions) -> float:
    """What stands in for a missing number: the constant, else what is typical of the values."""
    if options.fill_number is not None:
        return options.fill_number
    return typical_number(values, options.missing)


def typical_number(values: NDArray[np.float64], strategy: MissingStrategy) -> float:
    """The median, the most frequent number, of several the smallest, or else the mean.

    0 if there is no value to tell.
    """
    if not len(values):
        return 0.0
    with np.errstate(all="ignore"):
        match strategy:
            case "median":
                return float(np.median(values))
            case "most_frequent":
                found, counts = np.unique(values, return_counts=True)
                return float(found[counts.argmax()])
            case _:
                return float(values.mean())


def least_and_most(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """The smallest and the largest number; None if there is none."""
    if not len(values):
        return None, None
    return float(values.min()), float(values.max())
