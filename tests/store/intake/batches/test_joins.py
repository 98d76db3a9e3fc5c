"""Batches of few rows are joined; their rows and their order stay."""

import numpy as np
import pyarrow as pa
import pytest

from store.intake.batches.joins import JOINED_BYTES, JOINED_ROWS, SMALL_ROWS, join_batches

SHARED = pa.array(["a", "b"])


def batch_of(*arrays: pa.Array) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([*arrays], names=[str(n) for n in range(len(arrays))])


def join(batches: list[pa.RecordBatch], *, merges: bool = False) -> list[pa.RecordBatch]:
    joined = list(join_batches(iter(batches), merges_dictionaries=merges))
    rows = [row for batch in batches for row in batch.to_pylist()]
    assert [row for batch in joined for row in batch.to_pylist()] == rows
    return joined


def word(code: int, dictionary: pa.Array) -> pa.RecordBatch:
    return batch_of(pa.DictionaryArray.from_arrays(pa.array([code], pa.int8()), dictionary))


def test_rows_are_joined_up_to_a_number() -> None:
    sizes = [b.num_rows for b in join([batch_of(pa.array([n])) for n in range(JOINED_ROWS + 5)])]
    assert sizes == [JOINED_ROWS, 5]


def test_rows_are_joined_up_to_a_size() -> None:
    long = [batch_of(pa.array(["x" * (JOINED_BYTES // 3)])) for _ in range(4)]
    assert [batch.num_rows for batch in join(long)] == [2, 2]


def test_larger_batch_ends_the_joined_ones() -> None:
    rows = [1, 2, SMALL_ROWS, 1, JOINED_ROWS, 1]
    found = join([batch_of(pa.array(np.zeros(count))) for count in rows])
    assert [batch.num_rows for batch in found] == [3 + SMALL_ROWS, 1, JOINED_ROWS, 1]


def test_shared_dictionary_is_kept() -> None:
    [joined] = join([word(n % 2, SHARED) for n in range(50)])
    assert joined.column(0).dictionary.equals(SHARED)


@pytest.mark.parametrize(("merges", "count"), [(False, 40), (True, 1)])
def test_different_dictionaries_are_merged_on_request(merges: bool, count: int) -> None:
    words = [word(0, pa.array([f"w{n}"])) for n in range(40)]
    assert len(join(words, merges=merges)) == count


def test_merged_dictionary_may_need_wider_indices() -> None:
    [joined] = join([word(0, pa.array([f"w{n}"])) for n in range(300)], merges=True)
    assert len(joined.column(0).dictionary) == 300


def test_nested_columns_are_not_joined() -> None:
    assert len(join([batch_of(pa.array([[n]])) for n in range(3)])) == 3
