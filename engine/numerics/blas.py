"""One product for nothing, after which all others of the process are fast."""

import numpy as np

# Large enough to use all of the working memory that OpenBLAS cuts matrices into.
_SIDE = 512


def warm_up_products() -> None:
    """Multiply two matrices once; 15 ms, and a megabyte that stays.

    OpenBLAS reserves working memory when it is loaded but does not touch it. Until a product has
    used all of it, smaller ones were measured at less than half of their speed, however often they
    are repeated (docs/decisions/0007).
    """
    matrix = np.zeros((_SIDE, _SIDE), np.float32)
    np.dot(matrix, matrix)
