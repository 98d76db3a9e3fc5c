"""Elements of binary tensors: little-endian, row-major; texts with their length before each."""

from math import prod
from struct import Struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.inference.datatypes import BYTES, DTYPES
from service.inference.messages import show, tensor_error
from service.inference.request import InputTensor

_LENGTH = Struct("<I")


def read_binary_values(tensor: InputTensor, content: memoryview) -> NDArray[Any]:
    """Return the elements as an aligned array of the tensor's shape; a view where possible.

    Raises InvalidInferenceError.
    """
    if tensor.datatype == BYTES:
        return _read_texts(tensor, content).reshape(tensor.shape)
    dtype = DTYPES[tensor.datatype]
    # Python's integers do not overflow.
    expected = prod(tensor.shape) * dtype.itemsize
    if expected != len(content):
        detail = (
            f"binary_data_size is {len(content)}, but shape {show(list(tensor.shape))} of "
            f"{tensor.datatype} has {show(expected)} bytes"
        )
        raise tensor_error(tensor.name, detail)
    if dtype.kind == "b" and content and max(content) > 1:
        raise tensor_error(tensor.name, "an element of BOOL is one byte, 0 or 1")
    values = np.frombuffer(content, dtype).reshape(tensor.shape)
    # Behind a JSON header of any length, numbers are rarely aligned; reading those takes twice as
    # long.
    return np.require(values, requirements=["ALIGNED"])


def _read_texts(tensor: InputTensor, content: memoryview) -> NDArray[Any]:
    """Return the texts of a tensor, an array of objects."""
    count = prod(tensor.shape)
    if count * _LENGTH.size > len(content):
        detail = (
            f"shape {show(list(tensor.shape))} of BYTES needs at least "
            f"{show(count * _LENGTH.size)} bytes, but binary_data_size is {len(content)}"
        )
        raise tensor_error(tensor.name, detail)
    texts: list[str] = []
    offset = 0
    for position in range(count):
        text, offset = _read_text(tensor, content, offset, position)
        texts.append(text)
    if offset != len(content):
        detail = f"{len(content) - offset} bytes are left after the last of its {count} elements"
        raise tensor_error(tensor.name, detail)
    return np.array(texts, DTYPES[BYTES])


def _read_text(
    tensor: InputTensor, content: memoryview, offset: int, position: int
) -> tuple[str, int]:
    """Return the text at an offset, and the offset of the next one."""
    start = offset + _LENGTH.size
    if start > len(content):
        raise tensor_error(tensor.name, f"its bytes end before element {position}")
    (length,) = _LENGTH.unpack_from(content, offset)
    end = start + length
    if end > len(content):
        detail = f"element {position} states {length} bytes, but {len(content) - start} are left"
        raise tensor_error(tensor.name, detail)
    try:
        return str(content[start:end], "utf-8"), end
    except UnicodeDecodeError as error:
        raise tensor_error(tensor.name, f"element {position} is not UTF-8") from error


def write_texts(texts: tuple[str, ...]) -> list[bytes]:
    """Return each text as an element of a binary tensor."""
    encoded = [text.encode() for text in texts]
    return [_LENGTH.pack(len(text)) + text for text in encoded]
