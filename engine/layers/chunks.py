"""TODO."""

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
    """Rows that validation and prediction pass through the network at once.

    As many as CHUNK_BYTES of workspaces have room for, from 1 to CHUNK_ROWS. It follows from the
    layers and the type alone: other rows at once could round to other bits.
    """
    row_bytes = sum(layer.workspace(1) for layer in layers) * np.dtype(dtype).itemsize
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(row_bytes, 1)))
