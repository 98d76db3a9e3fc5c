"""Fitting of time columns: scaling of years, imputation."""

import numpy as np
from numpy.typing import NDArray

from engine.preprocessing.column_plan import ColumnPlan
from engine.preprocessing.datetime_features import years_of
from engine.preprocessing.fit.numbers import (
    center_and_scale,
    check_finite,
    fill_number,
    value_range,
)
from engine.preprocessing.fitted import FittedTime


def fit_times(plan: ColumnPlan, seconds: NDArray[np.float64]) -> FittedTime:
    """Fit a time column on the training rows' seconds since 1970, none missing.

    Raises:
        DataError: a time is infinite.
    """
    name, parts = plan.name, plan.inputs.parts
    minimum, maximum = value_range(seconds)
    fill = fill_number(seconds, plan.options)
    check_finite(name, fill, minimum or 0.0, maximum or 0.0)
    scaling = "standardize" if "year" in parts else "none"
    center, scale = center_and_scale(name, years_of(seconds), scaling)
    return FittedTime(
        name,
        parts,
        center=center,
        scale=scale,
        fill=fill,
        minimum=minimum,
        maximum=maximum,
        indicator=plan.inputs.indicator,
    )
