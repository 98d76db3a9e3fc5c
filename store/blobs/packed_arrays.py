"""The bytes of a safetensors file, made piece by piece from arrays in memory.

The library's own writer holds two copies of all arrays, and ends the process where there is no
memory for them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]

# In the library's order of the arrays of a file.
_DTYPES = {
    "uint64": "U64", "int64": "I64", "float64": "F64", "float32": "F32", "uint32": "U32",
    "int32": "I32", "float16": "F16", "uint16": "U16", "int16": "I16", "int8": "I8",
    "uint8": "U8", "bool": "BOOL",
}  # fmt: skip
_RANKS = {name: rank for rank, name in enumerate(_DTYPES)}
# The header's length, and its alignment.
_LENGTH_BYTES = 8


class PackedArrays:
    """Arrays and text as a safetensors file; equal arrays give equal bytes.

    C-contiguous arrays are not copied: they must not change while pieces are made.

    Args:
        arrays: arrays by name.
        metadata: texts by key; safetensors writes several keys in varying order.
    """

    def __init__(self, arrays: Arrays, metadata: Mapping[str, str] | None = None) -> None:
        arrays = {name: _little_endian(array) for name, array in arrays.items()}
        ranked = sorted(arrays, key=lambda name: (_RANKS[arrays[name].dtype.name], name))
        self._parts = [self._header(arrays, ranked, metadata)]
        self._parts += [arrays[name].reshape(-1).view(np.uint8).data for name in ranked]
        self._length = sum(map(len, self._parts))

    @staticmethod
    def _header(arrays: Arrays, names: list[str], metadata: Mapping[str, str] | None) -> memoryview:
        header: dict[str, Any] = {} if metadata is None else {"__metadata__": dict(metadata)}
        start = 0
        for name in names:
            array, stop = arrays[name], start + arrays[name].nbytes
            header[name] = {
                "dtype": _DTYPES[array.dtype.name],
                "shape": list(array.shape),
                "data_offsets": [start, stop],
            }
            start = stop
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _LENGTH_BYTES)
        return memoryview(len(text).to_bytes(_LENGTH_BYTES, "little") + text)

    def __len__(self) -> int:
        return self._length

    def __bytes__(self) -> bytes:
        return b"".join(self._parts)

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield all bytes in pieces of `size` bytes; the last one may be shorter."""
        piece = bytearray()
        for part in self._parts:
            start = 0
            while start < len(part):
                taken = part[start : start + size - len(piece)]
                piece += taken
                start += len(taken)
                if len(piece) == size:
                    yield bytes(piece)
                    piece = bytearray()
        if piece:
            yield bytes(piece)


def _little_endian(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in memory order; a single number as an array of one."""
    return np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
