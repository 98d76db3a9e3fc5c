"""Packed arrays are the files of the safetensors library, byte by byte, without a copy."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors.numpy import load, save

from store.blobs.packed_arrays import _DTYPES, Arrays, PackedArrays

NAMED = st.dictionaries(
    st.text(st.characters(codec="utf-8"), max_size=8),
    st.sampled_from(sorted(_DTYPES)).flatmap(
        lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
    ),
    max_size=6,
)


@given(named=NAMED, text=st.none() | st.text(st.characters(codec="utf-8")))
def test_file_is_that_of_the_library(named: Arrays, text: str | None) -> None:
    named = {name: array for name, array in named.items() if name != "__metadata__"}
    metadata = None if text is None else {"backpropd": text}
    packed = PackedArrays(named, metadata)
    expected = save({n: np.ascontiguousarray(a) for n, a in named.items()}, metadata)
    assert bytes(packed) == expected
    assert len(packed) == len(expected)


@given(named=NAMED, size=st.integers(1, 200))
def test_pieces_are_the_file(named: Arrays, size: int) -> None:
    packed = PackedArrays(named)
    pieces = list(packed.pieces(size))
    assert b"".join(pieces) == bytes(packed)
    assert {len(piece) for piece in pieces[:-1]} <= {size}
    assert 0 < len(pieces[-1]) <= size


@pytest.mark.parametrize("array", [np.arange(6.0)[::2], np.arange(6.0).reshape(2, 3).T])
def test_arrays_in_another_order_are_copied(array: np.ndarray[tuple[int, ...], np.dtype]) -> None:
    loaded = load(bytes(PackedArrays({"a": array})))
    np.testing.assert_array_equal(loaded["a"], array)


def test_big_endian_arrays_are_stored_little_endian() -> None:
    array = np.arange(3, dtype=">f8")
    assert load(bytes(PackedArrays({"a": array})))["a"].tolist() == [0, 1, 2]


def test_pieces_take_the_memory_of_a_piece() -> None:
    packed = PackedArrays({"a": np.ones(2**20), "b": np.ones(2**21, np.float32)})
    tracemalloc.start()
    try:
        total = sum(len(piece) for piece in packed.pieces(2**16))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == len(packed) > 2**24
    assert peak < 2**18
