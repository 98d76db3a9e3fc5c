"""Views of texts (Arrow's string_view): what pyarrow does not compute for them."""

import numpy as np
import pyarrow as pa

# A view: the length of the text as int32, then 12 bytes of text or its place.
VIEW_BYTES = 16


def view_lengths(array: pa.Array) -> pa.Array:
    """Return the bytes of each text as int64, shape `(rows,)`; null for null."""
    words = np.frombuffer(_views(array), np.int32)
    lengths = words[:: VIEW_BYTES // words.itemsize].astype(np.int64)
    return pa.array(lengths, mask=np.asarray(array.is_null()))


def take_views(array: pa.Array, indices: pa.Array) -> pa.Array:
    """Return the views at valid indices without null; the texts themselves are not copied."""
    views = np.frombuffer(_views(array), f"V{VIEW_BYTES}")[np.asarray(indices)]
    valid = array.is_valid().take(indices)
    buffers = [valid.buffers()[1], pa.py_buffer(views), *array.buffers()[2:]]
    return pa.Array.from_buffers(array.type, len(indices), buffers)


def _views(array: pa.Array) -> pa.Buffer:
    start, length = array.offset * VIEW_BYTES, len(array) * VIEW_BYTES
    return array.buffers()[1].slice(start, length)
