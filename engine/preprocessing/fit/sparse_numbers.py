"""Scaling of columns in which almost all training rows have the same number.

Their standard deviation may be a small part of their range, as that of a pixel that is lit in few
images: without a limit, such a rare number is hundreds of deviations from the mean, and a larger
one in later rows thousands, so that a few columns outweigh all others.
"""

import numpy as np
from numpy.typing import NDArray

from engine.preprocessing.fitted import CLIP_SPANS
from engine.preprocessing.out_of_range import OUTLIER_SPANS
from engine.specs import NumericScaling

# Measured in benchmarks/far_values.py; docs/decisions/0037-sparse-columns.md has the figures.
SPARSE_SHARE = 0.9
LARGEST_RANGE = 20


def limit_sparse(
    values: NDArray[np.float64], scale: float, scaling: NumericScaling
) -> tuple[float, float]:
    """Return the least scale of a column, and the widths of the range beyond which it is clipped.

    The least scale is 1/20 of the range if the range is more than 20 scales and at least 9 of 10
    values are equal; numbers are then clipped where they are flagged as out of range. Other
    columns, whose tails may be as long, have no such limit.

    Args:
        values: values of the training rows, after a logarithm.
        scale: their fitted scale.
        scaling: `min_max` and `none` have no limit.
    """
    if scaling in {"min_max", "none"} or not len(values):
        return 0.0, CLIP_SPANS
    with np.errstate(all="ignore"):
        least = float(values.max() - values.min()) / LARGEST_RANGE
        # A number that 9 of 10 rows have is the median; most columns need no search for it.
        if least <= scale or np.mean(values == np.median(values)) < SPARSE_SHARE:
            return 0.0, CLIP_SPANS
    return least, OUTLIER_SPANS
