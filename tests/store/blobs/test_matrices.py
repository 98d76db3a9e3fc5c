"""Matrices: arrays in raw files."""

from pathlib import Path

import numpy as np
import pytest

from store.blobs.matrices import FileRows, MatrixWriter, open_matrices


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("shape", [(7,), (7, 3), (0, 3)])
def test_written_rows_read_back(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    writer = MatrixWriter(tmp_path / "matrices")
    values = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    rows = writer.allocate("x", shape, np.dtype(dtype))
    rows[0:4] = values[:4]
    rows[4:7] = values[4:]
    writer.finish({"kept": [1, "b"]})
    found = open_matrices(tmp_path / "matrices")
    assert found.notes == {"kept": [1, "b"]}
    x = found.arrays["x"]
    assert (len(x), x.shape, x.dtype, x.nbytes) == (shape[0], shape, values.dtype, values.nbytes)
    np.testing.assert_array_equal(x[0 : len(x)], values)
    np.testing.assert_array_equal(x[2:5], values[2:5])
    np.testing.assert_array_equal(x[5:99], values[5:])
    assert found.nbytes == values.nbytes


def test_fortran_ordered_rows_read_back(tmp_path: Path) -> None:
    rows = FileRows(tmp_path / "x.raw", (4, 3), np.dtype(np.float32), is_new=True)
    values = np.arange(12.0).reshape(3, 4).T
    rows[0:4] = values
    np.testing.assert_array_equal(rows[0:4], values.astype(np.float32))


def test_deleted_file_stays_readable_while_open(tmp_path: Path) -> None:
    rows = FileRows(tmp_path / "x.raw", (2,), np.dtype(np.float64), is_new=True)
    rows[0:2] = np.array([1.0, 2.0])
    (tmp_path / "x.raw").unlink()
    assert rows[0:2].tolist() == [1, 2]


def test_truncated_file_is_an_error(tmp_path: Path) -> None:
    rows = FileRows(tmp_path / "x.raw", (100,), np.dtype(np.float64), is_new=True)
    with (tmp_path / "x.raw").open("r+b") as file:
        file.truncate(80)
    assert len(rows[0:10]) == 10
    with pytest.raises(OSError, match=r"x\.raw ends before its last row"):
        rows[5:15]


def test_existing_folder_cannot_be_written_again(tmp_path: Path) -> None:
    MatrixWriter(tmp_path / "matrices").finish({})
    with pytest.raises(FileExistsError):
        MatrixWriter(tmp_path / "matrices")
