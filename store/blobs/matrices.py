"""Arrays in a folder: one raw file for each, and a manifest that says what is in them.

What a training reads may be larger than memory, so that rows are read some at a time. They are
read rather than mapped: pages of a mapped file would count as memory of the process, copying them
was measured no faster, and a file that is cut short would end the process instead of the job.
"""

import json
import math
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

MANIFEST = "manifest.json"
Shape = tuple[int, ...]


class FileRows:
    """An `engine.data.rows.Rows` over a raw file, C-contiguous; several threads may read it at once.

    The file stays readable when it is erased meanwhile, by whoever makes room on the disk.

    Args:
        path: of the file.
        shape: `(rows, …)`.
        dtype: of the numbers.
        is_new: whether to make the file, and to take its room on the disk at once.

    Raises:
        OSError: there is no such file, or no room for it.
    """

    def __init__(
        self, path: Path, shape: Shape, dtype: np.dtype[Any], *, is_new: bool = False
    ) -> None:
        self._path, self._shape, self._dtype = path, shape, dtype
        self._row_bytes = math.prod(shape[1:]) * dtype.itemsize
        how = os.O_RDWR | os.O_CREAT | os.O_EXCL if is_new else os.O_RDONLY
        self._file = os.open(path, how, 0o600)
        weakref.finalize(self, os.close, self._file)
        if is_new and self.nbytes:
            os.posix_fallocate(self._file, 0, self.nbytes)

    @property
    def shape(self) -> Shape:
        """`(rows, …)`."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return self._dtype

    @property
    def nbytes(self) -> int:
        """Size of all rows."""
        return self._shape[0] * self._row_bytes

    def __len__(self) -> int:
        return self._shape[0]

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        start, stop, _ = rows.indices(len(self))
        block = np.empty((max(stop - start, 0), *self._shape[1:]), self._dtype)
        bytes_ = block.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(bytes_):
            read = os.preadv(self._file, [bytes_[done:]], start * self._row_bytes + done)
            if not read:
                message = f"{self._path} ends before its last row"
                raise OSError(message)
            done += read
        return block

    def __setitem__(self, rows: slice, values: NDArray[Any]) -> None:
        start, stop, _ = rows.indices(len(self))
        whole = (max(stop - start, 0), *self._shape[1:])
        block = np.ascontiguousarray(np.broadcast_to(values, whole), self._dtype)
        bytes_ = block.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(bytes_):
            done += os.pwritev(self._file, [bytes_[done:]], start * self._row_bytes + done)


class MatrixWriter:
    """Makes a folder of arrays. Raises OSError.

    Args:
        folder: to make.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrays: dict[str, dict[str, Any]] = {}
        folder.mkdir()

    def allocate(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> FileRows:
        """Room for an array by name. Raises OSError."""
        self._arrays[name] = {"shape": list(shape), "dtype": dtype.str}
        return FileRows(self._folder / f"{name}.raw", shape, dtype, is_new=True)

    def finish(self, notes: Mapping[str, Any]) -> None:
        """Write the manifest, with JSON values to be kept beside the arrays."""
        manifest = {"arrays": self._arrays, "notes": dict(notes)}
        (self._folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@dataclass(frozen=True)
class Matrices:
    """Arrays by name, and the JSON values beside them."""

    arrays: dict[str, FileRows]
    notes: dict[str, Any]

    @property
    def nbytes(self) -> int:
        """Size of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())


def open_matrices(folder: Path) -> Matrices:
    """The arrays of a folder that a `MatrixWriter` has made. Raises OSError."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    arrays = {
        name: FileRows(folder / f"{name}.raw", tuple(array["shape"]), np.dtype(array["dtype"]))
        for name, array in manifest["arrays"].items()
    }
    return Matrices(arrays, manifest["notes"])
