"""BLAS warm-up: one matrix product that makes all later ones fast."""

import numpy as np

# Large enough to use all of the working memory that OpenBLAS packs matrix blocks into.
_SIDE = 512


def warm_up_products() -> None:
    """Multiply two matrices once; takes 15 ms and leaves 1 MB allocated.

    OpenBLAS reserves working memory when it is loaded but does not touch it. Until a product has
    used all of it, smaller products were measured at less than half their speed, however often
    repeated (docs/decisions/0007).
    """
    matrix = np.zeros((_SIDE, _SIDE), np.float32)
    np.dot(matrix, matrix)
