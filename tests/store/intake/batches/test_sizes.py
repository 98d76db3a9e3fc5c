"""Bytes of texts that are stored once and referred to many times."""

import numpy as np
import pyarrow as pa
import pytest

from store.errors import IntakeError
from store.intake.batches.sizes import TextLimit, count_bytes, count_text_bytes, text_lengths
from store.intake.cells.text_views import take_views
from store.intake.options import Limits

WORDS = ["one", None, "three", "a text that is longer than a view", ""]


def batch_of(array: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([array], names=["x"])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
@pytest.mark.parametrize("first", [0, 1, 3])
def test_lengths_of_texts_in_any_layout(kind: pa.DataType, first: int) -> None:
    expected = [None if word is None else len(word) for word in WORDS]
    texts = pa.array(WORDS, kind)
    assert text_lengths(texts.slice(first)).to_pylist() == expected[first:]
    codes = pa.array([4, 0, None, 2], pa.int8())
    assert text_lengths(pa.DictionaryArray.from_arrays(codes, texts)).to_pylist() == [0, 3, None, 5]


def test_references_count_as_the_text() -> None:
    long = pa.array(["x" * 1000])
    many = pa.DictionaryArray.from_arrays(pa.array([0] * 50, pa.int8()), long)
    views = take_views(long.cast(pa.string_view()), pa.array([0] * 50))
    assert count_bytes(batch_of(many)) == 50 * 1001
    assert count_bytes(batch_of(views)) == 50 * 1016


def test_other_cells_are_not_texts() -> None:
    numbers = pa.DictionaryArray.from_arrays(pa.array([0, 0]), [1.5])
    for array in (pa.array(np.zeros(9)), numbers, pa.nulls(3), pa.array([], pa.string())):
        assert count_text_bytes(array) == 0


def test_limit_is_of_all_batches_together() -> None:
    limit = TextLimit(Limits(max_table_bytes=100))
    texts = batch_of(pa.array(["x" * 25] * 2))
    limit.add(texts)
    limit.add(texts)
    with pytest.raises(IntakeError) as caught:
        limit.add(texts)
    assert caught.value.code == "expands_too_much"
