"""Named arrays to bytes and back: safetensors, made deterministic so that a sha256 names them."""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

Arrays = Mapping[str, NDArray[Any]]

# All metadata goes under one key: safetensors writes several keys in an order that changes.
METADATA_KEY = "backpropd"


def pack_arrays(arrays: Arrays, metadata: Mapping[str, Any] | None = None) -> bytes:
    """Arrays and JSON metadata as safetensors bytes; equal input gives equal bytes."""
    # safetensors 0.8.0 scrambles arrays that are not C-contiguous.
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = {METADATA_KEY: json.dumps(metadata, sort_keys=True)} if metadata is not None else None
    data: bytes = save(contiguous, metadata=text)
    return data


def unpack_arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """The arrays in safetensors bytes, in the order of their names."""
    arrays: dict[str, NDArray[Any]] = load(data)
    return {name: arrays[name] for name in sorted(arrays)}


def arrays_to_json(arrays: Arrays) -> dict[str, Any]:
    """Arrays as nested lists of finite numbers; shapes and values survive the round trip."""
    return {name: {"shape": list(a.shape), "values": a.tolist()} for name, a in arrays.items()}


def finite_or_none(number: float | None) -> float | None:
    """The number, or None where JSON and SQL have no word for it."""
    return number if number is not None and math.isfinite(number) else None
