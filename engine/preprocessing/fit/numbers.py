"""Fitting of numeric and boolean columns: scaling and imputation."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.numerics.special import signed_log
from engine.preprocessing.column_options import ColumnOptions
from engine.preprocessing.column_plan import ColumnPlan
from engine.preprocessing.fit.samples import CategorySample
from engine.preprocessing.fit.sparse_numbers import limit_sparse
from engine.preprocessing.fitted import FittedBoolean, FittedNumeric
from engine.specs import MissingStrategy

# Numbers below it have fewer digits.
SMALLEST_SCALE = float(np.finfo(np.float64).tiny)
# Squares of smaller deviations have fewer digits; it is far from where they are 0.
_SMALLEST_EXACT = 1e-150


def fit_numbers(plan: ColumnPlan, values: NDArray[np.float64]) -> FittedNumeric:
    """Fit a numeric column on the training rows' values, none missing.

    Raises:
        DataError: the mean or spread of the values overflows.
    """
    scaling = plan.options.numeric
    is_log = scaling == "log1p"
    scaled = signed_log(values) if is_log else values
    center, scale = center_and_scale(plan.name, scaled, scaling)
    least, clip_spans = limit_sparse(scaled, scale, scaling)
    fill = fill_number(values, plan.options)
    minimum, maximum = value_range(values)
    check_finite(plan.name, fill, minimum or 0.0, maximum or 0.0)
    return FittedNumeric(
        plan.name,
        center=center,
        scale=max(scale, least),
        fill=fill,
        log=is_log,
        minimum=minimum,
        maximum=maximum,
        indicator=plan.inputs.indicator,
        clip_spans=clip_spans,
    )


def fit_boolean(plan: ColumnPlan, sample: CategorySample) -> FittedBoolean:
    """Fit a boolean column."""
    truth = np.repeat([0.0, 1.0], [sample.counts[False], sample.counts[True]])
    return FittedBoolean(plan.name, fill_number(truth, plan.options), plan.inputs.indicator)


def center_and_scale(name: str, values: NDArray[np.float64], scaling: str) -> tuple[float, float]:
    """Return center and scale; the scale of a constant column is 1.

    Raises:
        DataError: they are not finite, or the scale is too small for a precise division.
    """
    if scaling == "none" or not len(values):
        return 0.0, 1.0
    lower, upper = float(values.min()), float(values.max())
    with np.errstate(all="ignore"):
        if lower == upper:
            center, scale = lower, 1.0
        elif scaling == "min_max":
            center, scale = lower, upper - lower
        elif scaling == "robust":
            lower, center, upper = np.percentile(values, (25, 50, 75)).tolist()
            # The interquartile range may be 0 if more than half of the numbers are equal.
            scale = upper - lower or standard_deviation(values)
        else:
            center, scale = mean(values), standard_deviation(values)
    check_finite(name, center, scale)
    if scale < SMALLEST_SCALE:
        message = (
            f"the numbers of column {name!r} differ by less than {SMALLEST_SCALE:.3g}, too little "
            "to be scaled: multiply them by a constant or leave the column out"
        )
        raise DataError(message)
    return center, scale


def mean(values: NDArray[np.float64]) -> float:
    """Return the mean, also if the sum overflows."""
    found = float(values.mean())
    if math.isfinite(found):
        return found
    largest = float(np.abs(values).max())
    return float((values / largest).mean()) * largest


def standard_deviation(values: NDArray[np.float64]) -> float:
    """Return the population standard deviation, also if the squares underflow or overflow.

    Where they do, the deviations d are divided by the largest one: max|d| · √(mean((d / max|d|)²)).
    """
    found = float(values.std())
    if _SMALLEST_EXACT < found < math.inf:
        return found
    deviations = np.abs(values - mean(values))
    largest = float(deviations.max())
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(float(np.square(deviations / largest).mean()))


def check_finite(name: str, *fitted: float) -> None:
    """Raise DataError unless all numbers are finite."""
    if not np.isfinite(fitted).all():
        message = f"column {name!r} has numbers too large to be scaled"
        raise DataError(message)


def fill_number(values: NDArray[np.float64], options: ColumnOptions) -> float:
    """Return the imputation value: the constant if specified, else a statistic of the values."""
    if options.fill_number is not None:
        return options.fill_number
    return impute_number(values, options.missing)


def impute_number(values: NDArray[np.float64], strategy: MissingStrategy) -> float:
    """Return the median, the most frequent number (the smallest on ties), or by default the mean.

    0 if there are no values.
    """
    if not len(values):
        return 0.0
    with np.errstate(all="ignore"):
        match strategy:
            case "median":
                return float(np.median(values))
            case "most_frequent":
                distinct, counts = np.unique(values, return_counts=True)
                return float(distinct[counts.argmax()])
            case _:
                return mean(values)


def value_range(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the minimum and maximum; None if there are no values."""
    if not len(values):
        return None, None
    return float(values.min()), float(values.max())
