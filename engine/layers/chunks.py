"""Chunk sizes of training batches, and of validation and prediction."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import DTypeLike

from engine.layers.base import Layer, walk

# Limits per chunk of validation and prediction: rows, and bytes of workspaces. Measured: larger
# chunks do not make a wide dense network faster, and a convolution is as fast with a few rows as
# with 1,024, which would take gigabytes.
CHUNK_ROWS = 1024
CHUNK_BYTES = 32 * 2**20

# Limits per chunk of a training batch. Between two chunks a step can be abandoned: a chunk takes a
# fraction of a second. Multiplications are those of a forward pass in float32; a float64 one counts
# twice. With fewer than LEAST_TRAINING_ROWS, adding up the gradients would take a good part of the
# time.
TRAINING_ROWS, LEAST_TRAINING_ROWS = 4096, 128
TRAINING_MULTIPLICATIONS = 2**31
TRAINING_BYTES, LEAST_LARGE_ROWS = 128 * 2**20, 16


def chunk_rows(layers: Sequence[Layer], dtype: DTypeLike) -> int:
    """Return the number of rows per chunk of validation and prediction.

    The largest number whose workspaces fit into CHUNK_BYTES, from 1 to CHUNK_ROWS, and fewer where
    they would take as long as a chunk of a training batch. It depends only on the layers and the
    dtype, because another chunk size could round differently.
    """
    row_bytes = sum(layer.workspace(1) for layer in layers) * np.dtype(dtype).itemsize
    # A backward pass has twice the products of a forward pass.
    by_work = max(LEAST_TRAINING_ROWS, 3 * TRAINING_MULTIPLICATIONS // _work(layers, dtype))
    return max(1, min(CHUNK_ROWS, CHUNK_BYTES // max(row_bytes, 1), by_work))


def _work(layers: Sequence[Layer], dtype: DTypeLike) -> int:
    """Return the multiplications per row, as float32 ones."""
    return max(1, sum(layer.multiplications() for layer in layers) * np.dtype(dtype).itemsize // 4)


def training_chunk_rows(layers: Sequence[Layer], dtype: DTypeLike) -> int | None:
    """Return the maximum rows per chunk of a training batch; None if batches are never split.

    It depends only on the layers and the dtype: another chunk size rounds differently. A layer that
    normalizes over the batch needs all of its rows at once.
    """
    if any(layer.needs_whole_batch for layer in walk(iter(layers))):
        return None
    row_bytes = sum(layer.workspace(1) for layer in layers) * np.dtype(dtype).itemsize
    by_work = max(LEAST_TRAINING_ROWS, TRAINING_MULTIPLICATIONS // _work(layers, dtype))
    by_bytes = max(LEAST_LARGE_ROWS, TRAINING_BYTES // max(row_bytes, 1))
    return min(TRAINING_ROWS, by_work, by_bytes)


def split_rows(rows: int, most: int | None) -> list[slice]:
    """Return the fewest consecutive parts of at most `most` rows, of sizes that differ by 1."""
    count = 1 if most is None else -(-rows // most)
    bounds = [rows * part // count for part in range(count + 1)] if count else [0]
    return [slice(start, stop) for start, stop in pairwise(bounds)]
