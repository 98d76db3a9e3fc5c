"""How far numbers and times reach beyond those of the training rows."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.preprocessing.fitted import FittedNumeric, FittedTime

# A value is cut so many times the training rows' range beyond them, lest it overflow.
CLIP_SPANS = 1000
# It is far out half their range beyond them.
OUTLIER_SPANS = 0.5


def expand_range(
    columns: Sequence[FittedNumeric | FittedTime], spans: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The training rows' range and so many times its width on either side.

    Shape `(columns, 1)` both, infinite where the range is unknown.
    """
    least = as_columns(-np.inf if c.minimum is None else c.minimum for c in columns)
    most = as_columns(np.inf if c.maximum is None else c.maximum for c in columns)
    with np.errstate(all="ignore"):
        span = most - least
        return least - spans * span, most + spans * span


def as_columns(values: Iterable[float]) -> NDArray[np.float64]:
    """One number a column, shape `(columns, 1)`."""
    return np.array([*values], np.float64)[:, np.newaxis]
