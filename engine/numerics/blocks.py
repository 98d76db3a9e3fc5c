"""Long arrays in parts, so that what is computed on the way is small and stays in the cache."""

from collections.abc import Iterator

from engine.arrays import Floats

_BLOCK = 16_384


def blocks(*arrays: Floats) -> Iterator[tuple[Floats, ...]]:
    """Flat views of the next values of each array; all have one shape and are C-contiguous."""
    # A copy would be written to and lost.
    flat = [array.reshape(-1, copy=False) for array in arrays]
    for start in range(0, flat[0].size, _BLOCK):
        yield tuple(array[start : start + _BLOCK] for array in flat)
