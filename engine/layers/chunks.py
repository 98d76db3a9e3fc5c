"""Chunk size of validation and prediction."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from engine.layers.base import Layer

# Limits per chunk of validation and prediction: rows, and bytes of workspaces. Measured: larger
# chunks do not make a wide dense network faster, and a convolution is as fast with a few rows as
# with 1,024, which would take gigabytes.
CHUNK_ROWS = 1024
CHUNK_BYTES = 32 * 2**20


def chunk_rows(layers: Sequence[Layer], dtype: DTypeLike) -> int:
    """Return the number of rows per chunk of validation and prediction.

    The largest number whose workspaces fit into CHUNK_BYTES, from 1 to CHUNK_ROWS. It depends only
    on the layers and the dtype, because another chunk size could round differently.
    """
    row_bytes = sum(layer.workspace(1) for layer in layers) * np.dtype(dtype).itemsize
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(row_bytes, 1)))
