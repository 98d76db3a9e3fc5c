"""Requests and responses of the Open Inference Protocol, written and read independently."""

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH = "Inference-Header-Content-Length"
NAMES: dict[Any, str] = {
    "?": "BOOL", "u1": "UINT8", "u2": "UINT16", "u4": "UINT32", "u8": "UINT64", "i1": "INT8",
    "i2": "INT16", "i4": "INT32", "i8": "INT64", "f2": "FP16", "f4": "FP32", "f8": "FP64",
}  # fmt: skip
TYPES = {name: np.dtype(code) for code, name in NAMES.items()}


@dataclass(frozen=True)
class Body:
    """A request body and its headers."""

    content: bytes
    headers: dict[str, str] = field(default_factory=dict)


def datatype(values: NDArray[Any]) -> str:
    """The datatype of an array; objects are texts."""
    return next(
        (name for name, dtype in TYPES.items() if dtype == values.dtype),
        "BYTES",
    )


def to_bytes(values: NDArray[Any]) -> bytes:
    """The bytes of a binary tensor."""
    if values.dtype != object:
        return values.tobytes()
    texts = [text.encode() for text in values.ravel().tolist()]
    return b"".join(struct.pack("<I", len(text)) + text for text in texts)


def as_json(inputs: dict[str, NDArray[Any]], **members: Any) -> Body:
    """A request whose tensors are JSON."""
    tensors = [
        {"name": name, "datatype": datatype(values), "shape": values.shape, "data": values.tolist()}
        for name, values in inputs.items()
    ]
    return Body(json.dumps({"inputs": tensors, **members}).encode())


def as_binary(inputs: dict[str, NDArray[Any]], **members: Any) -> Body:
    """A request whose tensors are binary."""
    contents = [to_bytes(values) for values in inputs.values()]
    tensors = [
        {
            "name": name,
            "datatype": datatype(values),
            "shape": values.shape,
            "parameters": {"binary_data_size": len(content)},
        }
        for (name, values), content in zip(inputs.items(), contents, strict=True)
    ]
    header = json.dumps({"inputs": tensors, **members}).encode()
    return Body(b"".join((header, *contents)), {LENGTH: str(len(header))})


def texts(*values: str) -> NDArray[Any]:
    """An array of texts."""
    return np.array(values, object)


def read_outputs(response: Any) -> dict[str, NDArray[Any]]:
    """The output tensors of a response, in order."""
    assert response.status_code == 200, response.text
    length = response.headers.get(LENGTH)
    header = json.loads(response.content[: None if length is None else int(length)])
    offset = int(length or 0)
    found = {}
    for output in header["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            values = np.array(output["data"], TYPES.get(output["datatype"], object))
        else:
            values = _read(response.content[offset : offset + size], output["datatype"])
            offset += size
        found[output["name"]] = values.reshape(output["shape"])
    assert offset in (0, len(response.content))
    return found


def _read(content: bytes, name: str) -> NDArray[Any]:
    if name != "BYTES":
        return np.frombuffer(content, TYPES[name])
    found, offset = [], 0
    while offset < len(content):
        (length,) = struct.unpack_from("<I", content, offset)
        found.append(content[offset + 4 : offset + 4 + length].decode())
        offset += 4 + length
    return np.array(found, object)
