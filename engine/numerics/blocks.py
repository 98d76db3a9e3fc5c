"""Blockwise processing of long arrays, which keeps temporaries small and in the cache."""

from collections.abc import Iterator

from engine.arrays import Floats

# Elements per block: a block and the temporaries of an elementwise function stay in the L2 cache.
ELEMENTWISE_BLOCK = 16_384


def blocks(*arrays: Floats, size: int = ELEMENTWISE_BLOCK) -> Iterator[tuple[Floats, ...]]:
    """Yield flat views of consecutive blocks of C-contiguous arrays of the same shape.

    Args:
        arrays: the arrays.
        size: number of elements per block.
    """
    # Writes to a copy would be lost, so non-contiguous arrays are rejected.
    flat = [array.reshape(-1, copy=False) for array in arrays]
    for start in range(0, flat[0].size, size):
        yield tuple(array[start : start + size] for array in flat)
