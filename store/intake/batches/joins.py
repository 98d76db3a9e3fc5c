"""Join batches of few rows."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
from pyarrow import types

# Each batch costs a fixed time, which matters for those of fewer rows.
SMALL_ROWS = 2**6
JOINED_ROWS = 2**12
JOINED_BYTES = 2**20


def join_batches(
    batches: Iterator[pa.RecordBatch], *, merges_dictionaries: bool
) -> Iterator[pa.RecordBatch]:
    """Join successive batches of few rows; columns of joined batches are named by their position.

    Args:
        batches: buffers must be long enough for the rows (`batch.validate()`).
        merges_dictionaries: whether to join batches whose dictionaries differ; the batches must be
            valid (`batch.validate(full=True)`).
    """
    pending: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        count, more = batch.num_rows, _count_bytes(batch, with_dictionaries=merges_dictionaries)
        fits = rows + count <= JOINED_ROWS and size + more <= JOINED_BYTES
        if pending and not (fits and _is_joinable(pending[0], batch, merges_dictionaries)):
            yield _join(pending)
            pending, rows, size = [], 0, 0
        pending.append(batch)
        rows, size = rows + count, size + more
        if count >= SMALL_ROWS:
            yield _join(pending)
            pending, rows, size = [], 0, 0
    if pending:
        yield _join(pending)


def _count_bytes(batch: pa.RecordBatch, *, with_dictionaries: bool) -> int:
    return sum(
        array.indices.nbytes
        if types.is_dictionary(array.type) and not with_dictionaries
        else array.nbytes
        for array in batch.columns
    )


def _is_joinable(first: pa.RecordBatch, batch: pa.RecordBatch, merges: bool) -> bool:  # noqa: FBT001
    return all(
        _is_plain(array.type)
        and (merges or not types.is_dictionary(array.type) or _have_same_dictionary(other, array))
        for other, array in zip(first.columns, batch.columns, strict=True)
    )


def _is_plain(data_type: pa.DataType) -> bool:
    return not types.is_nested(data_type) and not isinstance(data_type, pa.BaseExtensionType)


def _have_same_dictionary(first: pa.DictionaryArray, second: pa.DictionaryArray) -> bool:
    """Whether two arrays share the memory of their dictionary."""
    one, other = first.dictionary, second.dictionary
    return _places(one) == _places(other)


def _places(array: pa.Array) -> tuple[int, int, list[int | None]]:
    buffers = [None if buffer is None else buffer.address for buffer in array.buffers()]
    return len(array), array.offset, buffers


def _join(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    if len(batches) == 1:
        return batches[0]
    columns = zip(*(batch.columns for batch in batches), strict=True)
    arrays = [_join_arrays(column) for column in columns]
    return pa.RecordBatch.from_arrays(arrays, names=[str(i) for i in range(len(arrays))])


def _join_arrays(arrays: Sequence[pa.Array]) -> pa.Array:
    first = arrays[0]
    if not types.is_dictionary(first.type):
        return pa.concat_arrays(arrays)
    if not all(_have_same_dictionary(first, array) for array in arrays):
        wide = pa.dictionary(pa.int32(), first.type.value_type)
        return pa.concat_arrays([array.cast(wide) for array in arrays])
    indices = pa.concat_arrays([array.indices for array in arrays])
    return pa.DictionaryArray.from_arrays(indices, first.dictionary, safe=False)
