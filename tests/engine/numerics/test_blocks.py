import numpy as np
import pytest

from engine.numerics.blocks import blocks
from engine.optimizers.base import BLOCK, blocks_with_scratch


@pytest.mark.parametrize("size", [1, 4, 5, 12, 100])
def test_blocks_are_views_of_all_elements(size: int) -> None:
    one, other = np.zeros((3, 4)), np.arange(12.0)
    lengths = []
    for part, source in blocks(one, other, size=size):
        part[...] = source
        lengths.append(len(part))
    assert one.ravel().tolist() == other.tolist()
    assert max(lengths) == min(size, 12)
    assert sum(lengths) == 12


def test_arrays_that_would_be_copied_are_refused() -> None:
    with pytest.raises(ValueError, match="copy"):
        next(blocks(np.zeros((3, 4)).T))


def test_optimizers_have_scratch_buffers_of_each_blocks_size() -> None:
    vector = np.zeros(BLOCK + 3, np.float32)
    found = list(blocks_with_scratch(vector, scratch=2))
    assert [[len(array) for array in block] for block in found] == [[BLOCK] * 3, [3] * 3]
    (_, one, other), (_, again, _) = found
    assert np.shares_memory(one, again)
    assert not np.shares_memory(one, other)
    assert one.dtype == np.float32
