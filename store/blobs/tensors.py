"""Deterministic safetensors serialization: equal arrays give equal bytes, so equal digests."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

Arrays = Mapping[str, NDArray[Any]]

# All metadata is stored under one key: safetensors writes several keys in varying order.
METADATA_KEY = "backpropd"
# Maximum numbers per piece of JSON.
PIECE_NUMBERS = 2**14


def pack_arrays(arrays: Arrays, metadata: Mapping[str, Any] | None = None) -> bytes:
    """Serialize arrays and JSON metadata as safetensors; equal input gives equal bytes."""
    # safetensors 0.8.0 corrupts arrays that are not C-contiguous.
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = {METADATA_KEY: json.dumps(metadata, sort_keys=True)} if metadata is not None else None
    data: bytes = save(contiguous, metadata=text)
    return data


def unpack_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays in safetensors bytes, sorted by name."""
    arrays: dict[str, NDArray[Any]] = load(data)
    return {name: arrays[name] for name in sorted(arrays)}


def iterate_json(arrays: Arrays) -> Iterator[bytes]:
    """Yield arrays of finite numbers as the pieces of a JSON object, with exact shapes and values.

    The size of a piece is bounded: as Python numbers and text, all arrays together would take
    twenty times their memory. Raises ValueError if a number is not finite.
    """
    separator = "{"
    for name, array in arrays.items():
        shape = json.dumps(list(array.shape))
        yield f'{separator}{json.dumps(name)}: {{"shape": {shape}, "values": '.encode()
        yield from (text.encode() for text in _nested_lists(array))
        yield b"}"
        separator = ", "
    yield b"}" if arrays else b"{}"


def _nested_lists(array: NDArray[Any]) -> Iterator[str]:
    """Yield `array.tolist()` as JSON in pieces of at most about PIECE_NUMBERS numbers."""
    if array.size <= PIECE_NUMBERS or array.ndim == 0:
        yield json.dumps(array.tolist(), allow_nan=False)
        return
    rows_at_once = PIECE_NUMBERS * len(array) // array.size
    opening = "["
    for start in range(0, len(array), max(rows_at_once, 1)):
        yield opening
        if rows_at_once:
            part = array[start : start + rows_at_once]
            # Without its brackets: the part belongs to a longer list.
            yield json.dumps(part.tolist(), allow_nan=False)[1:-1]
        else:
            yield from _nested_lists(array[start])
        opening = ", "
    yield "]"


def finite_or_none(number: float | None) -> float | None:
    """Return the number, or None if it is NaN or infinite: JSON and SQL cannot store those."""
    return number if number is not None and math.isfinite(number) else None
