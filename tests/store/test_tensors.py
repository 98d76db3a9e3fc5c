"""Arrays to bytes and back."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from store.tensors import finite_or_none, pack_arrays, unpack_arrays

FLOATS = arrays(np.float32, array_shapes(max_dims=3, max_side=5))


@given(st.dictionaries(st.text("abc.01", min_size=1), FLOATS, max_size=4))
def test_round_trip_keeps_every_bit(named: dict[str, Any]) -> None:
    back = unpack_arrays(pack_arrays(named))
    assert sorted(back) == sorted(named)
    for name, array in named.items():
        assert back[name].tobytes() == array.tobytes()
        assert back[name].shape == array.shape


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_that_are_not_contiguous_are_not_scrambled(order: Any) -> None:
    array = np.arange(12.0).reshape(3, 4).copy(order=order)[:, ::2]
    np.testing.assert_array_equal(unpack_arrays(pack_arrays({"w": array}))["w"], array)


def test_equal_input_gives_equal_bytes() -> None:
    named = {name: np.ones(3) for name in "abcdef"}
    metadata = {key: key for key in "uvwxyz"}
    assert len({pack_arrays(named, metadata) for _ in range(20)}) == 1


def test_infinite_is_none() -> None:
    assert [finite_or_none(x) for x in (1.5, float("inf"), float("nan"), None)] == [
        1.5,
        None,
        None,
        None,
    ]
