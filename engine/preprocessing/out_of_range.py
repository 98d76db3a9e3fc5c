"""Clipping and outlier bounds, relative to the range of the training rows."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.preprocessing.fitted import CLIP_SPANS, FittedNumeric, FittedTime

# Values are flagged as outliers at this many widths of the training range beyond it.
OUTLIER_SPANS = 0.5


def clip_range(
    columns: Sequence[FittedNumeric | FittedTime],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the bounds at which values are clipped, of shape `(columns, 1)` each."""
    spans = [c.clip_spans if isinstance(c, FittedNumeric) else CLIP_SPANS for c in columns]
    return expand_range(columns, column_vector(spans))


def expand_range(
    columns: Sequence[FittedNumeric | FittedTime], spans: float | NDArray[np.float64]
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
