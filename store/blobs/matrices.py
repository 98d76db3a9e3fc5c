"""Arrays in a folder: one raw file per array, and a manifest with shapes and dtypes.

Training data may be larger than memory, so rows are read in blocks. Files are read rather than
mapped: mapped pages count as memory of the process, copying from them was measured to be no
faster, and a truncated file would kill the process (SIGBUS) instead of failing the job.
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
    """An `engine.data.rows.Rows` over a raw C-contiguous file; reads are thread-safe.

    The file stays readable if it is deleted meanwhile, for example by cache eviction.

    Args:
        path: path of the file.
        shape: `(rows, …)`.
        dtype: dtype of the elements.
        is_new: whether to create the file and allocate its disk space at once.

    Raises:
        OSError: the file does not exist, or the disk is full.
    """

    def __init__(
        self, path: Path, shape: Shape, dtype: np.dtype[Any], *, is_new: bool = False
    ) -> None:
        self._path, self._shape, self._dtype = path, shape, dtype
        self._row_bytes = math.prod(shape[1:]) * dtype.itemsize
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL if is_new else os.O_RDONLY
        self._file = os.open(path, flags, 0o600)
        weakref.finalize(self, os.close, self._file)
        if is_new and self.nbytes:
            os.posix_fallocate(self._file, 0, self.nbytes)

    @property
    def shape(self) -> Shape:
        """`(rows, …)`."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Dtype of the elements."""
        return self._dtype

    @property
    def nbytes(self) -> int:
        """Total size in bytes."""
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
        shape = (max(stop - start, 0), *self._shape[1:])
        block = np.ascontiguousarray(np.broadcast_to(values, shape), self._dtype)
        bytes_ = block.reshape(-1).view(np.uint8).data
        done = 0
        while done < len(bytes_):
            done += os.pwritev(self._file, [bytes_[done:]], start * self._row_bytes + done)


class MatrixWriter:
    """Writer of a folder of arrays. Raises OSError.

    Args:
        folder: path of the folder, which must not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._arrays: dict[str, dict[str, Any]] = {}
        folder.mkdir()

    def allocate(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> FileRows:
        """Create the file of an array, and allocate its disk space. Raises OSError."""
        self._arrays[name] = {"shape": list(shape), "dtype": dtype.str}
        return FileRows(self._folder / f"{name}.raw", shape, dtype, is_new=True)

    def finish(self, notes: Mapping[str, Any]) -> None:
        """Write the manifest; `notes` are JSON values stored with the arrays."""
        manifest = {"arrays": self._arrays, "notes": dict(notes)}
        (self._folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


@dataclass(frozen=True)
class Matrices:
    """Arrays by name, and the JSON values stored with them."""

    arrays: dict[str, FileRows]
    notes: dict[str, Any]

    @property
    def nbytes(self) -> int:
        """Total size in bytes."""
        return sum(array.nbytes for array in self.arrays.values())


def open_matrices(folder: Path) -> Matrices:
    """Open the arrays of a folder written by `MatrixWriter`. Raises OSError."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    arrays = {
        name: FileRows(folder / f"{name}.raw", tuple(array["shape"]), np.dtype(array["dtype"]))
        for name, array in manifest["arrays"].items()
    }
    return Matrices(arrays, manifest["notes"])
