"""Deterministic safetensors serialization: equal arrays give equal bytes, so equal digests."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from safetensors.numpy import load

from store.blobs.packed_arrays import Arrays, PackedArrays
from store.blobs.tensor_file import StoredTensor

# All metadata is stored under one key: safetensors writes several keys in varying order.
METADATA_KEY = "backpropd"
# Maximum numbers per piece of JSON.
PIECE_NUMBERS = 2**14


def pack_arrays(arrays: Arrays, metadata: Mapping[str, Any] | None = None) -> bytes:
    """Serialize arrays and JSON metadata as safetensors; equal input gives equal bytes."""
    text = {METADATA_KEY: json.dumps(metadata, sort_keys=True)} if metadata is not None else None
    return bytes(PackedArrays(arrays, text))


def unpack_arrays(data: bytes | PackedArrays) -> dict[str, NDArray[Any]]:
    """Return the arrays of a safetensors file, sorted by name."""
    arrays: dict[str, NDArray[Any]] = load(bytes(data))
    return {name: arrays[name] for name in sorted(arrays)}


def iterate_json(tensors: Mapping[str, StoredTensor]) -> Iterator[bytes]:
    """Yield arrays of finite numbers as the pieces of a JSON object, with exact shapes and values.

    The size of a piece is bounded: as text, all arrays together take five times their memory.
    Raises ValueError if a number is not finite.
    """
    separator = "{"
    for name, tensor in tensors.items():
        shape = json.dumps(tensor.shape)
        yield f'{separator}{json.dumps(name)}: {{"shape": {shape}, "values": '.encode()
        yield from _nested_lists(tensor)
        yield b"}"
        separator = ", "
    yield b"}" if tensors else b"{}"


def _nested_lists(tensor: StoredTensor) -> Iterator[bytes]:
    """Yield `tensor.read().tolist()` as JSON in pieces of at most about PIECE_NUMBERS numbers."""
    if tensor.size <= PIECE_NUMBERS or tensor.ndim == 0:
        yield _dump(tensor.read())
        return
    rows_at_once = PIECE_NUMBERS * len(tensor) // tensor.size
    opening = b"["
    for start in range(0, len(tensor), max(rows_at_once, 1)):
        yield opening
        if rows_at_once:
            # Without its brackets: the part belongs to a longer list.
            yield _dump(tensor.read_rows(start, start + rows_at_once))[1:-1]
        else:
            yield from _nested_lists(tensor[start])
        opening = b","
    yield b"]"


def _dump(array: NDArray[Any]) -> bytes:
    """Return numbers as JSON. Raises ValueError if one is not finite."""
    if not np.isfinite(array).all():
        msg = "a number is not finite"
        raise ValueError(msg)
    if array.ndim == 0:
        return json.dumps(array.item()).encode()
    # As float64, whose shortest digits are those of the float32 that it was.
    exact = array.astype(np.float64) if array.dtype.kind == "f" else array
    return orjson.dumps(np.ascontiguousarray(exact), option=orjson.OPT_SERIALIZE_NUMPY)


def finite_or_none(number: float | None) -> float | None:
    """Return the number, or None if it is NaN or infinite: JSON and SQL cannot store those."""
    return number if number is not None and math.isfinite(number) else None
