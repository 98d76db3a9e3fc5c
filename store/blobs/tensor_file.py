"""Arrays in a safetensors file, of which a piece at a time is read."""

import json
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_DTYPES: Mapping[str, str] = {
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I8": "|i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "|u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "BOOL": "|b1",
}
_LENGTH_BYTES = 8
# A client that reads slowly holds two pieces in memory.
PIECE_BYTES = 2**15


@dataclass(frozen=True)
class StoredTensor:
    """An array in a file; slices of its first axis are read as NumPy arrays.

    Attributes:
        file: the file.
        offset: position of the first byte.
        dtype: type of the elements.
        shape: shape of the array.
    """

    file: BinaryIO
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Number of bytes."""
        return self.size * self.dtype.itemsize

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> "StoredTensor":
        """Return a part of the first axis, which is not read yet."""
        inner = self.shape[1:]
        step = prod(inner) * self.dtype.itemsize
        return replace(self, offset=self.offset + index * step, shape=inner)

    def read_rows(self, start: int, stop: int) -> NDArray[Any]:
        """Return a slice of the first axis."""
        count = min(stop, len(self)) - start
        return replace(self[start], shape=(count, *self.shape[1:])).read()

    def read(self) -> NDArray[Any]:
        """Return the array."""
        self.file.seek(self.offset)
        return np.frombuffer(self.file.read(self.nbytes), self.dtype).reshape(self.shape)

    def iterate_bytes(self) -> Iterator[bytes]:
        """Yield the bytes in pieces."""
        for start in range(0, self.nbytes, PIECE_BYTES):
            self.file.seek(self.offset + start)
            yield self.file.read(min(PIECE_BYTES, self.nbytes - start))


def open_tensors(file: BinaryIO) -> dict[str, StoredTensor]:
    """Return the arrays of a safetensors file, sorted by name."""
    file.seek(0)
    length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
    header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    begin = _LENGTH_BYTES + length
    return {
        name: StoredTensor(
            file,
            begin + header[name]["data_offsets"][0],
            np.dtype(_DTYPES[header[name]["dtype"]]),
            tuple(header[name]["shape"]),
        )
        for name in sorted(header)
    }


class FileArrays(Mapping[str, NDArray[Any]]):
    """The arrays of a safetensors file by name, sorted; each is read when it is asked for.

    Args:
        file: the file, which is closed with this object.
    """

    def __init__(self, file: BinaryIO) -> None:
        weakref.finalize(self, file.close)
        self._tensors = open_tensors(file)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._tensors[name].read()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)
