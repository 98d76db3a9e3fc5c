"""A logarithm for numbers of either sign."""

import numpy as np
from numpy.typing import NDArray


def signed_log(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """sign(x) · log(1 + |x|), of the same shape."""
    found: NDArray[np.float64] = np.copysign(np.log1p(np.abs(values)), values)
    return found
