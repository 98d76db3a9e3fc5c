"""Clipping and outlier bounds, relative to the range of the training rows."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.preprocessing.fitted import FittedNumeric, FittedTime

# Values are clipped at this many widths of the training range beyond it, to avoid overflow.
CLIP_SPANS = 1000
# Values are flagged as outliers at this many widths of the training range beyond it.
OUTLIER_SPANS = 0.5


def expand_range(
    columns: Sequence[FittedNumeric | FittedTime], spans: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the training range, expanded on both sides by `spans` times its width.

    Both bounds have shape `(columns, 1)`; they are infinite where the range is unknown.
    """
    lower = column_vector(-np.inf if c.minimum is None else c.minimum for c in columns)
    upper = column_vector(np.inf if c.maximum is None else c.maximum for c in columns)
    with np.errstate(all="ignore"):
        span = upper - lower
        return lower - spans * span, upper + spans * span


def column_vector(values: Iterable[float]) -> NDArray[np.float64]:
    """Return the values as a column vector, one per column, shape `(columns, 1)`."""
    return np.array([*values], np.float64)[:, np.newaxis]
