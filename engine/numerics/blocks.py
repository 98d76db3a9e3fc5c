"""Blockwise processing of long arrays, which keeps temporaries small and in the cache."""

from collections.abc import Iterator

from engine.arrays import Floats

_BLOCK = 16_384


def blocks(*arrays: Floats) -> Iterator[tuple[Floats, ...]]:
    """Yield flat views of consecutive blocks of C-contiguous arrays of the same shape."""
    # Writes to a copy would be lost, so non-contiguous arrays are rejected.
    flat = [array.reshape(-1, copy=False) for array in arrays]
    for start in range(0, flat[0].size, _BLOCK):
        yield tuple(array[start : start + _BLOCK] for array in flat)
