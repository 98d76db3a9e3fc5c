"""NumPy .npy arrays; the header is checked against the file size before any allocation."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.errors import IntakeError
from store.intake.batches.arrow_source import BATCH_BYTES, ArrowSource, rows_per_batch
from store.intake.cells.arrow_types import check_row_count, delivered_type
from store.intake.cells.column_names import check_column_count
from store.intake.npy.dtypes import arrow_type, as_arrow, check_dtype
from store.intake.npy.header import parse_header
from store.intake.options import Limits, ReadOptions
from store.intake.source import RawColumn


@dataclass(frozen=True)
class NpyArray:
    """An array in a file, read as a table.

    Attributes:
        names: column names.
        offset: file offset of the first item.
        shape: shape of the array; the first dimension is the rows.
        dtype: dtype of its items; each field is a column.
        fortran: whether the first index changes fastest.
    """

    names: tuple[str, ...]
    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran: bool

    @property
    def rows(self) -> int:
        """Number of rows."""
        return self.shape[0]

    @property
    def row_bytes(self) -> int:
        """Bytes per row of all columns."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def columns(self) -> tuple[RawColumn, ...]:
        """Columns of the table."""
        dtypes = _field_dtypes(self.dtype) or [self.dtype] * len(self.names)
        return tuple(
            RawColumn(name, delivered_type(name, arrow_type(dtype)))
            for name, dtype in zip(self.names, dtypes, strict=True)
        )

    def read(
        self, file: IO[bytes], start: int, rows: int, columns: Sequence[int]
    ) -> list[pa.Array]:
        """Read `rows` rows from `start`, one array per column of the table. Raises IntakeError."""
        if self.dtype.names:
            block = self._read_block(file, self.offset + start * self.row_bytes, rows)
            return [as_arrow(np.asarray(block[self.dtype.names[index]])) for index in columns]
        if not self.fortran or len(self.shape) == 1:
            block = self._read_block(
                file, self.offset + start * self.row_bytes, rows * len(self.names)
            )
            cells = block.reshape(rows, len(self.names))
            return [as_arrow(cells[:, index]) for index in columns]
        positions = self._fortran_positions()[list(columns)]
        size = self.dtype.itemsize
        return [
            as_arrow(self._read_block(file, self.offset + (p * self.rows + start) * size, rows))
            for p in positions.tolist()
        ]

    def _fortran_positions(self) -> NDArray[np.intp]:
        """Map the columns of the table, in C order, to the columns of the file."""
        inner = self.shape[1:]
        indices = np.unravel_index(np.arange(len(self.names)), inner, "C")
        return np.ravel_multi_index(indices, inner, order="F")

    def _read_block(self, file: IO[bytes], start: int, count: int) -> NDArray[Any]:
        file.seek(start)
        return np.frombuffer(file.read(count * self.dtype.itemsize), self.dtype, count)


def open_npy(path: Path, options: ReadOptions, limits: Limits) -> ArrowSource:
    """Open an .npy file. Raises IntakeError."""
    with path.open("rb") as file:
        array = read_header(file, 0, path.stat().st_size, "x", limits)
    source = arrays_source(path, [array], {"format": "npy"}, options, limits)
    return source if array.dtype.names else replace(source, row_shape=array.shape[1:] or (1,))


def arrays_source(
    path: Path,
    arrays: Sequence[NpyArray],
    found: dict[str, str],
    options: ReadOptions,
    limits: Limits,
) -> ArrowSource:
    """Return a source of the adjacent columns of arrays of one file. Raises IntakeError."""
    columns = [column for array in arrays for column in array.columns]
    check_column_count(len(columns), limits.max_columns)
    rows = arrays[0].rows
    if rows == 0:
        raise IntakeError("no_rows", "the array has no rows")
    check_row_count(rows, len(columns), limits)
    row_bytes = sum(array.row_bytes for array in arrays)
    step = max(1, min(rows_per_batch(len(columns)), BATCH_BYTES // max(1, row_bytes)))

    def read(only: Sequence[int] | None) -> Iterator[pa.RecordBatch]:
        parts = list(_split_columns(arrays, range(len(columns)) if only is None else only))
        with path.open("rb") as file:
            for start in range(0, rows, step):
                count = min(step, rows - start)
                cells = [
                    cell for array, own in parts for cell in array.read(file, start, count, own)
                ]
                yield pa.RecordBatch.from_arrays(cells, names=[str(i) for i in range(len(cells))])

    return ArrowSource(columns, read, options, found)


def _split_columns(
    arrays: Sequence[NpyArray], columns: Sequence[int]
) -> Iterator[tuple[NpyArray, Sequence[int]]]:
    """Yield each array with the indices of its own columns among ascending ones of the table."""
    first = 0
    for array in arrays:
        end = first + len(array.names)
        own = columns[bisect_left(columns, first) : bisect_left(columns, end)]
        if own:
            yield array, [index - first for index in own]
        first = end


def read_header(file: IO[bytes], start: int, end: int, name: str, limits: Limits) -> NpyArray:
    """Read the header of the array between two offsets of a file. Raises IntakeError."""
    shape, fortran, dtype, offset = parse_header(file, start, end)
    dtypes = _field_dtypes(dtype) or [dtype]
    for field_dtype in dtypes:
        check_dtype(field_dtype)
    if not shape or (dtype.names and len(shape) > 1):
        detail = f"the array's shape is {shape}: its first dimension must be the rows"
        raise IntakeError("wrong_shape", detail)
    width = math.prod(shape[1:]) * len(dtypes)
    check_column_count(width, limits.max_columns)
    claimed, available = math.prod(shape) * dtype.itemsize, end - offset
    if claimed > available:
        detail = f"the array claims {claimed} bytes, but the file has {available} bytes of data"
        raise IntakeError("truncated", detail)
    if claimed < available:
        detail = f"{available - claimed} bytes follow the array's {claimed} bytes"
        raise IntakeError("not_npy", detail)
    return NpyArray(_names(name, shape, dtype), offset, shape, dtype, fortran)


def _names(name: str, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> tuple[str, ...]:
    if dtype.names:
        return tuple(dtype.names) if name == "x" else tuple(f"{name}_{f}" for f in dtype.names)
    if len(shape) == 1:
        return (name,)
    return tuple(f"{name}{index}" for index in range(math.prod(shape[1:])))


def _field_dtypes(dtype: np.dtype[np.generic]) -> list[np.dtype[np.generic]]:
    if dtype.fields is None or dtype.names is None:
        return []
    return [dtype.fields[name][0] for name in dtype.names]
