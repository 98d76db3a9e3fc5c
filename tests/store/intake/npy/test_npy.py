"""NumPy arrays are read as columns; false headers and broken archives are refused."""

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from store.intake.budget import FLOOR_BYTES
from store.intake.npy.archives import MAX_MEMBERS
from store.intake.options import Limits
from tests.store.intake.any_files import cells, npy_bytes, npz_bytes, open_bytes, refusal

X = np.arange(12.0).reshape(4, 3)
GOOD = npy_bytes(X)


class Trap:
    """Creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("trap-was-opened"),)


def header(text: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text))
    return b"\x93NUMPY" + version + size + text.encode("latin-1") + data


def described(shape: str, descr: str = "'<f8'", order: str = "False", data: bytes = b"") -> bytes:
    return header(f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}}}\n", data)


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as opened:
        for name, content in members:
            opened.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def names(folder: Path, content: bytes) -> list[str]:
    return [column.name for column in open_bytes(folder, content).columns]


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.arange(3), ["x"]),
        (X, ["x0", "x1", "x2"]),
        (np.zeros((2, 2, 2)), ["x0", "x1", "x2", "x3"]),
        (np.zeros(2, dtype=[("a", "f8"), ("b", "i4")]), ["a", "b"]),
        (np.zeros(2, dtype=[("größe", "f8"), ("日", "i4")]), ["größe", "日"]),
    ],
)
@pytest.mark.filterwarnings("ignore:Stored array in format 3.0")
def test_columns_are_named(tmp_path: Path, array: Any, expected: list[str]) -> None:
    assert names(tmp_path, npy_bytes(array)) == expected


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(50_000, 60), (200_000, 2, 3)])
def test_large_array_is_read_in_bounded_batches(
    tmp_path: Path, order: Any, shape: tuple[int, ...]
) -> None:
    array = np.random.default_rng(0).normal(size=shape).astype("f4", order=order)
    source = open_bytes(tmp_path, npy_bytes(array))
    batches = list(source.batches(["typed"] * len(source.columns)))
    assert max(batch.nbytes for batch in batches) < 2**23
    flat = array.reshape(len(array), -1)
    for index in (0, 1, flat.shape[1] - 1):
        found = np.concatenate([batch.column(index).to_numpy() for batch in batches])
        np.testing.assert_array_equal(found, flat[:, index])


def test_nan_and_nat_are_missing(tmp_path: Path) -> None:
    array = np.array([(1.0, "2024-01-31"), (np.nan, "NaT")], dtype=[("n", "f8"), ("t", "M8[D]")])
    source = open_bytes(tmp_path, npy_bytes(array))
    assert str(source.columns[1].type) == "timestamp[s]"
    assert cells(source, "text") == {"n": ["1", None], "t": ["2024-01-31", None]}


@pytest.mark.parametrize("unit", ["Y", "M", "W", "h", "m", "2h", "ps"])
def test_times_of_any_unit_are_read(tmp_path: Path, unit: str) -> None:
    array = np.array([0, 6], dtype=f"M8[{unit}]")
    found = cells(open_bytes(tmp_path, npy_bytes(array)), "number")["x"]
    assert found == (array.astype("M8[ns]").astype(float) / 1e9).tolist()


def test_bytes_other_than_0_and_1_are_true(tmp_path: Path) -> None:
    found = cells(open_bytes(tmp_path, described("(3,)", "'|b1'", data=b"\0\1\7")))
    assert found == {"x": [False, True, True]}


def test_pickle_is_never_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for content in (
        described("(1,)", "'|O'", data=pickle.dumps([Trap()])),
        described("(1,)", "[('a', '|O')]", data=pickle.dumps([Trap()])),
        header("__import__('pathlib').Path('trap-was-opened').touch()"),
    ):
        assert refusal(tmp_path, content).code in {"wrong_dtype", "not_npy"}
    assert not (tmp_path / "trap-was-opened").exists()


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"\x93NUMPY", "not_npy", "header"),
        (GOOD[:40], "not_npy", "header"),
        (GOOD[:6] + b"\x09\x09" + GOOD[8:], "not_npy", "version"),
        (header("[1, 2]"), "not_npy", "header"),
        (header("(" * 9000), "not_npy", "header"),
        (header("-" * 60_000), "not_npy", "header"),
        (b"\x93NUMPY\2\0" + b"\xff" * 4 + GOOD[10:], "not_npy", "claims 4294967295"),
        (described("(" + "9" * 9000 + ", 2)"), "not_npy", "header"),
        (described("(1.5, 1)"), "not_npy", "header"),
        (described("(True, True)", data=bytes(8)), "not_npy", "header"),
        (described("(-1, 2)", data=bytes(16)), "not_npy", "shape"),
        (described("(1, 1)", "'nonsense'", data=bytes(8)), "not_npy", "header"),
        (described("(20_000_000_000, 2)", data=bytes(160)), "truncated", "claims 320000000000"),
        (described("(2, 20_000_000_000)", data=bytes(160)), "too_many_columns", "columns"),
        (described(f"({2**62}, 2)", data=bytes(16)), "truncated", "bytes"),
        (GOOD[:-1], "truncated", "bytes"),
        (GOOD + bytes(8), "not_npy", "8 bytes follow"),
        (npy_bytes(np.array(1.0)), "wrong_shape", "shape"),
        (npy_bytes(np.zeros((2, 2), dtype=[("a", "f8")])), "wrong_shape", "shape"),
        (npy_bytes(np.empty((0, 3))), "no_rows", "no rows"),
        (npy_bytes(np.empty((3, 0))), "no_columns", "no columns"),
        (npy_bytes(np.zeros((1, 101))), "too_many_columns", "101"),
        (npy_bytes(np.ones(2, complex)), "wrong_dtype", "complex"),
        (npy_bytes(np.ones(2, "m8[s]")), "wrong_dtype", "timedelta"),
        (npy_bytes(np.zeros(2, "V8")), "wrong_dtype", "void"),
        (described("(1,)", "[('a', [('b', '<f8')])]", data=bytes(8)), "wrong_dtype", "fields"),
        (described("(1,)", "[('a', '<f8', (2,))]", data=bytes(16)), "wrong_dtype", "fields"),
        (described("(9,)", "'<U0'"), "wrong_dtype", "dtype"),
        (described("(1,)", "'<M8'", data=bytes(8)), "wrong_dtype", "unit"),
        (described("(1,)", "'<U1'", data=b"\xff" * 4), "wrong_encoding", "Unicode"),
        (described("(1,)", "'|S2'", data=b"\xff\xfe"), "wrong_encoding", "UTF-8"),
    ],
)
def test_array_that_is_not_a_table_is_refused(
    tmp_path: Path, content: bytes, code: str, says: str
) -> None:
    error = refusal(tmp_path, content)
    assert (error.code, says in str(error)) == (code, True)


def test_arrays_of_an_archive_are_adjacent_columns(tmp_path: Path) -> None:
    pictures = np.arange(16, dtype=np.uint8).reshape(4, 2, 2)
    content = npz_bytes(X=pictures, y=np.array(["a", "b", "a", "b"]), f=np.asfortranarray(X))
    found = cells(open_bytes(tmp_path, content))
    assert list(found) == ["X0", "X1", "X2", "X3", "y", "f0", "f1", "f2"]
    assert found["X2"] == [2, 6, 10, 14]
    assert found["y"] == ["a", "b", "a", "b"]
    assert found["f1"] == [1.0, 4.0, 7.0, 10.0]


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        (b"PK\5\6" + bytes(18), "not_npz", "empty"),
        (archive(("X.npy", GOOD))[:-30], "not_npz", "broken"),
        (archive(("X.npy", GOOD)).replace(X[1].tobytes(), bytes(24)), "not_npz", "checksum"),
        (archive(("X.npy", GOOD), ("b.txt", b"b")), "not_npz", "'b.txt'"),
        (archive(("../X.npy", GOOD)), "not_npz", "path"),
        (archive(("/etc/X.npy", GOOD)), "not_npz", "path"),
        (archive(("C:\\X.npy", GOOD)), "not_npz", "path"),
        (archive(("X.npy", GOOD), method=zipfile.ZIP_BZIP2), "not_npz", "deflated"),
        (archive(("X.npy", b"x,y\n")), "not_npy", "begin"),
        (archive(("X.npy", GOOD[:-8])), "truncated", "bytes"),
        (npz_bytes(X=X, y=X[:2, 0]), "ragged_columns", "'y' has 2 rows where 'X' has 4"),
        (archive(("X.npy", described("(1,)", "'|O'", data=b"x"))), "wrong_dtype", "object"),
        (archive(*((f"{n}.npy", b"") for n in range(MAX_MEMBERS + 1))), "not_npz", "members"),
    ],
)
def test_archive_that_is_not_a_table_is_refused(
    tmp_path: Path, content: bytes, code: str, says: str
) -> None:
    error = refusal(tmp_path, content, format="npz")
    assert (error.code, says in str(error)) == (code, True)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_repeated_member_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path, archive(("X.npy", GOOD), ("X.npy", GOOD)))
    assert (error.code, "twice" in str(error)) == ("not_npz", True)


def test_encrypted_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive(("X.npy", GOOD)))
    content[content.index(b"PK\1\2") + 8] |= 1
    error = refusal(tmp_path, bytes(content))
    assert (error.code, "encrypted" in str(error)) == ("not_npz", True)


def test_archive_that_expands_a_thousandfold_is_refused_early(tmp_path: Path) -> None:
    zeros = npy_bytes(np.zeros(2 * FLOOR_BYTES // 8))
    content = archive(("X.npy", zeros), method=zipfile.ZIP_DEFLATED)
    assert refusal(tmp_path, content).code == "expands_too_much"
    assert (tmp_path / "spill" / "arrays").stat().st_size <= FLOOR_BYTES + 200 * len(content)


def test_columns_of_an_archive_are_counted_together(tmp_path: Path) -> None:
    content = npz_bytes(a=np.zeros((2, 60)), b=np.zeros((2, 60)))
    error = refusal(tmp_path, content, limits=Limits(max_columns=100))
    assert (error.code, "120" in str(error)) == ("too_many_columns", True)
