"""Fitting of numeric and boolean columns: scaling and imputation."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import DataError
from engine.numerics.special import signed_log
from engine.preprocessing.column_options import ColumnOptions
from engine.preprocessing.column_plan import ColumnPlan
from engine.preprocessing.fit.samples import CategorySample
from engine.preprocessing.fitted import FittedBoolean, FittedNumeric
from engine.specs import MissingStrategy


def fit_numbers(plan: ColumnPlan, values: NDArray[np.float64]) -> FittedNumeric:
    """Fit a numeric column on the training rows' values, none missing.

    Raises:
        DataError: the mean or spread of the values overflows.
    """
    scaling = plan.options.numeric
    is_log = scaling == "log1p"
    center, scale = center_and_scale(plan.name, signed_log(values) if is_log else values, scaling)
    fill = fill_number(values, plan.options)
    minimum, maximum = value_range(values)
    check_finite(plan.name, fill, minimum or 0.0, maximum or 0.0)
    return FittedNumeric(
        plan.name,
        center=center,
        scale=scale,
        fill=fill,
        log=is_log,
        minimum=minimum,
        maximum=maximum,
        indicator=plan.inputs.indicator,
    )


def fit_boolean(plan: ColumnPlan, sample: CategorySample) -> FittedBoolean:
    """Fit a boolean column."""
    truth = np.repeat([0.0, 1.0], [sample.counts[False], sample.counts[True]])
    return FittedBoolean(plan.name, fill_number(truth, plan.options), plan.inputs.indicator)


def center_and_scale(name: str, values: NDArray[np.float64], scaling: str) -> tuple[float, float]:
    """Return center and scale; the scale of a constant column is 1.

    Raises:
        DataError: they are not finite.
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
            scale = upper - lower or float(values.std())
        else:
            center, scale = float(values.mean()), float(values.std())
    check_finite(name, center, scale)
    return center, scale or 1.0


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
                return float(values.mean())


def value_range(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the minimum and maximum; None if there are no values."""
    if not len(values):
        return None, None
    return float(values.min()), float(values.max())
