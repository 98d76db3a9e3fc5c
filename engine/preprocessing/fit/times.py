"""Times: how the years are scaled, and what stands in for a missing time."""

import numpy as np
from numpy.typing import NDArray

from engine.preprocessing.column_options import ColumnOptions
from engine.preprocessing.datetime_features import years_of
from engine.preprocessing.fit.numbers import (
    center_and_scale,
    fill_number,
    least_and_most,
    require_finite,
)
from engine.preprocessing.fitted import FittedTime
from engine.specs import TimePart


def fit_times(
    name: str,
    seconds: NDArray[np.float64],
    parts: tuple[TimePart, ...],
    options: ColumnOptions,
) -> FittedTime:
    """Fit a column of times to the training rows' seconds since 1970, none of them missing.

    Raises:
        DataError: a time is infinite.
    """
    minimum, maximum = least_and_most(seconds)
    fill = fill_number(seconds, options)
    require_finite(name, fill, minimum or 0.0, maximum or 0.0)
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
        indicator=options.missing_indicator,
    )
