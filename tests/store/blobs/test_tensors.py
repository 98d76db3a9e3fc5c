"""Serialization of arrays."""

import io
import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from store.blobs.tensor_file import StoredTensor, open_tensors
from store.blobs.tensors import (
    PIECE_NUMBERS,
    finite_or_none,
    iterate_json,
    pack_arrays,
    unpack_arrays,
)

FLOATS = arrays(np.float32, array_shapes(max_dims=3, max_side=5))


@given(st.dictionaries(st.text("abc.01", min_size=1), FLOATS, max_size=4))
def test_round_trip_keeps_every_bit(named: dict[str, Any]) -> None:
    back = unpack_arrays(pack_arrays(named))
    assert sorted(back) == sorted(named)
    for name, array in named.items():
        assert back[name].tobytes() == array.tobytes()
        assert back[name].shape == array.shape


@pytest.mark.parametrize("order", ["C", "F"])
def test_non_contiguous_arrays_round_trip(order: Any) -> None:
    array = np.arange(12.0).reshape(3, 4).copy(order=order)[:, ::2]
    np.testing.assert_array_equal(unpack_arrays(pack_arrays({"w": array}))["w"], array)


def test_equal_input_gives_equal_bytes() -> None:
    named = {name: np.ones(3) for name in "abcdef"}
    metadata = {key: key for key in "uvwxyz"}
    assert len({pack_arrays(named, metadata) for _ in range(20)}) == 1


def as_lists(named: dict[str, Any]) -> dict[str, Any]:
    return {name: {"shape": list(a.shape), "values": a.tolist()} for name, a in named.items()}


def store(named: dict[str, Any]) -> dict[str, StoredTensor]:
    return open_tensors(io.BytesIO(pack_arrays(named)))


@given(st.dictionaries(st.text("abc.01", min_size=1), FLOATS, max_size=4))
def test_stored_arrays_are_read_from_a_file(named: dict[str, Any]) -> None:
    found = store(named)
    assert list(found) == sorted(named)
    for name, array in named.items():
        assert found[name].read().tobytes() == array.tobytes()
        assert found[name].shape == array.shape
        assert b"".join(found[name].iterate_bytes()) == array.tobytes()


def test_a_number_that_is_not_finite_is_no_json() -> None:
    with pytest.raises(ValueError, match="not finite"):
        list(iterate_json(store({"w": np.array([1.0, np.nan])})))


@given(st.dictionaries(st.text(min_size=1), FLOATS, max_size=4))
def test_json_in_pieces_is_that_of_nested_lists(named: dict[str, Any]) -> None:
    finite = {name: np.nan_to_num(array) for name, array in named.items()}
    assert json.loads(b"".join(iterate_json(store(finite)))) == as_lists(finite)


@pytest.mark.parametrize(
    "shape",
    [
        (0,),
        (3, 0),
        (PIECE_NUMBERS,),
        (PIECE_NUMBERS + 1,),
        (1, 3 * PIECE_NUMBERS),
        (2, PIECE_NUMBERS),
        (2 * PIECE_NUMBERS + 1, 3),
        (2, 3, PIECE_NUMBERS + 1),
        (5, 3, 1, PIECE_NUMBERS // 5),
    ],
)
def test_large_array_is_written_in_pieces(shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    named = {"w": array, "b": np.ones(2)}
    pieces = list(iterate_json(store(named)))
    assert json.loads(b"".join(pieces)) == as_lists(named)
    # A float32 takes up to 25 characters as JSON.
    assert max(len(piece) for piece in pieces) < 30 * PIECE_NUMBERS


def test_memory_that_json_takes_does_not_grow_with_the_arrays() -> None:
    peaks = []
    for pieces in (2, 16):
        array = np.linspace(0, 1, pieces * PIECE_NUMBERS, dtype=np.float32).reshape(pieces, -1)
        stored = store({"w": array})
        tracemalloc.start()
        size = sum(len(piece) for piece in iterate_json(stored))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert size > array.size * 10
    assert peaks[1] < 1.5 * peaks[0]


def test_infinite_is_none() -> None:
    assert [finite_or_none(x) for x in (1.5, float("inf"), float("nan"), None)] == [
        1.5,
        None,
        None,
        None,
    ]
