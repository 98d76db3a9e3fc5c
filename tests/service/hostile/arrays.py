"""NumPy files with false headers, values that run code, or invalid archives."""

# One case per line, for a readable table.
# ruff: noqa: E501

import io
import os
import pickle
import struct
import tempfile
import warnings
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.service.hostile.case import Case
from tests.service.hostile.csv_files import noise

NPY = "application/x-npy"
NPZ = "application/x-npz"
# Unpickling a trap creates this file.
TRAP = Path(tempfile.gettempdir()) / f"backpropd-trap-{os.getpid()}"


class Trap:
    """An object that creates a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (TRAP,)


def npy(array: np.ndarray[Any, Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, allow_pickle=True)
    return file.getvalue()


def header(text: str, version: bytes = b"\x01\0") -> bytes:
    """Return the start of an .npy file with this header text."""
    line = text.encode("latin-1") + b"\n"
    size = struct.pack("<H" if version[0] == 1 else "<I", len(line))
    return b"\x93NUMPY" + version + size + line


def described(shape: str, descr: str = "'<f8'", order: str = "False", data: bytes = b"") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"
    return header(text) + data


def archive(*members: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", method) as out:
        warnings.simplefilter("ignore", UserWarning)
        for name, data in members:
            out.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def npy_case(name: str, content: bytes, code: str, says: str) -> Case:
    return Case(name, content, code, says, media_type=NPY)


def npz_case(name: str, content: bytes, code: str, says: str) -> Case:
    return Case(name, content, code, says, media_type=NPZ)


X = np.arange(20.0).reshape(10, 2)
GOOD = npy(X)
OBJECTS = npy(np.array([Trap(), Trap()], dtype=object))

HEADERS = [
    npy_case("empty", b"", "empty_file", "empty"),
    npy_case("magic bytes alone", b"\x93NUMPY", "not_npy", "header"),
    npy_case("cut in the header", GOOD[:40], "not_npy", "header"),
    npy_case("unknown version", GOOD[:6] + b"\x09\x09" + GOOD[8:], "not_npy", "version"),
    npy_case("no dictionary", header("[1, 2]"), "not_npy", "header"),
    npy_case("no shape", header("{'descr': '<f8', 'fortran_order': False}"), "not_npy", "header"),
    npy_case("extra key", header("{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), 'x': 1}"), "not_npy", "header"),
    npy_case("header that runs code", header(f"__import__('pathlib').Path({str(TRAP)!r}).touch()"), "not_npy", "header"),
    npy_case("header of brackets", header("(" * 9000), "not_npy", "header"),
    npy_case("header of 60,000 brackets", header("[" * 60_000), "not_npy", "header"),
    npy_case("header of 4 GB", b"\x93NUMPY\x02\0" + b"\xff" * 4 + GOOD[10:], "not_npy", "header"),
    npy_case("header of a long number", described("(" + "9" * 9000 + ", 2)"), "not_npy", "header"),
    npy_case("header with a NUL", header("{'descr': '<f8\0', 'fortran_order': False, 'shape': (1, 1)}"), "not_npy", "header"),
    npy_case("order that is not a boolean", described("(1, 1)", order="'C'", data=bytes(8)), "not_npy", "header"),
    npy_case("shape that is not a tuple", described("[1, 1]", data=bytes(8)), "not_npy", "header"),
    npy_case("shape of fractions", described("(1.5, 1)", data=bytes(8)), "not_npy", "header"),
    npy_case("shape of booleans", described("(True, True)", data=bytes(8)), "not_npy", "header"),
    npy_case("negative shape", described("(-1, 2)", data=bytes(16)), "not_npy", "shape"),
    npy_case("negative shape in both dimensions", described("(-2, -2)", data=bytes(32)), "not_npy", "shape"),
    npy_case("320 GB", described("(20_000_000_000, 2)", data=bytes(160)), "truncated", "320000000000"),
    npy_case("320 GB in columns", described("(2, 20_000_000_000)", data=bytes(160)), "too_many_columns", "columns"),
    npy_case("size beyond 64 bits", described("(2**62, 2)".replace("2**62", str(2**62)), data=bytes(16)), "truncated", "bytes"),
    npy_case("sizes that overflow to 0", described(f"({2**32}, {2**32})", data=bytes(16)), "too_many_columns", "columns"),
    npy_case("cut in the data", GOOD[:-1], "truncated", "bytes"),
    npy_case("cut before the data", GOOD[:128], "truncated", "bytes"),
    npy_case("more than its shape", GOOD + bytes(8), "not_npy", "bytes"),
    npy_case("no rows", npy(np.empty((0, 3))), "no_rows", "no rows"),
    npy_case("no columns", npy(np.empty((3, 0))), "no_columns", "column"),
    npy_case("one number", npy(np.array(1.0)), "wrong_shape", "shape"),
    npy_case("100,000 columns", npy(np.zeros((1, 100_000))), "too_many_columns", "100000"),
    npy_case("pictures of 100,000 pixels", npy(np.zeros((1, 400, 250), np.uint8)), "too_many_columns", "100000"),
]  # fmt: skip

VALUES = [
    npy_case("objects", OBJECTS, "wrong_dtype", "object"),
    npy_case("objects under a false name", described("(2,)", "'|O8'", data=pickle.dumps(Trap())), "wrong_dtype", "object"),
    npy_case("objects in fields", described("(2,)", "[('a', '|O')]", data=pickle.dumps(Trap())), "wrong_dtype", "object"),
    npy_case("a pickle as .npy", pickle.dumps(Trap()), "not_npy", "npy"),
    npy_case("complex numbers", npy(np.ones((3, 2), complex)), "wrong_dtype", "complex"),
    npy_case("raw bytes", npy(np.zeros((3, 2), "V8")), "wrong_dtype", "void"),
    npy_case("fields within fields", described("(1,)", "[('a', [('b', '<f8')])]", data=bytes(8)), "wrong_dtype", "dtype"),
    npy_case("dtype of nonsense", described("(1, 1)", "'nonsense'", data=bytes(8)), "not_npy", "dtype"),
    npy_case("dtype of a wrong size", described("(1, 1)", "'<f7'", data=bytes(8)), "not_npy", "dtype"),
    npy_case("empty dtype", described("(1, 1)", "''", data=bytes(8)), "not_npy", "dtype"),
    npy_case("dtype that is a number", described("(1, 1)", "8", data=bytes(8)), "not_npy", "dtype"),
    npy_case("texts of a gigabyte each", described("(1, 1)", "'<U268435456'", data=bytes(8)), "truncated", "bytes"),
    npy_case("texts of length 0", described("(1000000000, 1)", "'<U0'"), "wrong_dtype", "dtype"),
    npy_case("texts that are not Unicode", described("(1, 1)", "'<U1'", data=b"\xff\xff\xff\xff"), "wrong_encoding", "Unicode"),
    npy_case("times without a unit", described("(1, 1)", "'<M8'", data=bytes(8)), "wrong_dtype", "unit"),
    npy_case("spans of time", npy(np.ones((3, 2), "m8[s]")), "wrong_dtype", "timedelta"),
    npy_case("infinity", npy(np.array([[1.0, np.inf], [2.0, 3.0]])), "infinite_number", "inf"),
    npy_case("minus infinity, single precision", npy(np.array([[1, -np.inf]], np.float32)), "infinite_number", "inf"),
    npy_case("noise", noise(5000), "not_npy", "npy"),
]  # fmt: skip


def npz_of_many(count: int) -> bytes:
    return archive(*((f"a{n}.npy", b"") for n in range(count)))


def lying_size(data: bytes) -> bytes:
    """Replace every size in the archive's directory by about 4 GB."""
    return data.replace(len(GOOD).to_bytes(4, "little"), b"\xf0\xff\xff\xff")


def encrypted(data: bytes) -> bytes:
    """Set the encryption flag of the archive's members."""
    local = data.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\x01\0")
    return local.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\x01\0")


def bomb(members: Sequence[str], rows: int) -> bytes:
    """Return an archive of zeros that expands about a thousandfold."""
    data = described(f"({rows}, 64)", data=bytes(rows * 64 * 8))
    return archive(*((name, data) for name in members), method=zipfile.ZIP_DEFLATED)


ARCHIVES = [
    npz_case("empty archive", b"PK\x05\x06" + bytes(18), "not_npz", "X"),
    npz_case("archive cut", archive(("X.npy", GOOD))[:-30], "not_npz", "zip"),
    npz_case("archive cut in the data", archive(("X.npy", GOOD))[:100], "not_npz", "zip"),
    npz_case("archive of noise", b"PK\x03\x04" + noise(500), "not_npz", "zip"),
    npz_case("member that is not an array", archive(("X.npy", b"x,y\n1,2\n")), "not_npy", "npy"),
    npz_case("member without the .npy extension", archive(("X.csv", b"x,y\n1,2\n")), "not_npz", "X"),
    npz_case("member outside of the archive", archive(("../../X.npy", GOOD)), "not_npz", "X"),
    npz_case("member at the root", archive(("/etc/X.npy", GOOD)), "not_npz", "X"),
    npz_case("member on another drive", archive(("C:\\X.npy", GOOD)), "not_npz", "X"),
    npz_case("X outside as well", archive(("X.npy", GOOD), ("../../y.npy", npy(X[:, 0]))), "not_npz", "../../y.npy"),
    npz_case("X twice", archive(("X.npy", GOOD), ("X.npy", npy(X + 1))), "not_npz", "twice"),
    npz_case("objects in X", archive(("X.npy", OBJECTS)), "wrong_dtype", "object"),
    npz_case("objects in y", archive(("X.npy", GOOD), ("y.npy", OBJECTS)), "wrong_dtype", "object"),
    npz_case("X and y of two lengths", archive(("X.npy", GOOD), ("y.npy", npy(X[:5, 0]))), "ragged_columns", "y"),
    npz_case("y of a thousand columns, wrong length", archive(("X.npy", GOOD), ("y.npy", npy(np.zeros((1, 1000))))), "ragged_columns", "y"),
    npz_case("X cut in its data", archive(("X.npy", GOOD[:-8])), "truncated", "bytes"),
    npz_case("X that claims 320 GB", archive(("X.npy", described("(20_000_000_000, 2)", data=bytes(160)))), "truncated", "bytes"),
    npz_case("X with a wrong checksum", archive(("X.npy", GOOD)).replace(X[5].tobytes(), bytes(16)), "not_npz", "checksum"),
    npz_case("encrypted", encrypted(archive(("X.npy", GOOD))), "not_npz", "encrypted"),
    npz_case("false sizes", lying_size(archive(("X.npy", GOOD))), "not_npz", "zip"),
    npz_case("infinity in X", archive(("X.npy", npy(np.array([[np.inf]])))), "infinite_number", "inf"),
    npz_case("archive in an archive", archive(("X.npy", archive(("X.npy", GOOD)))), "not_npy", "npy"),
    Case("5,000 members", partial(npz_of_many, 5000), "not_npz", "members", media_type=NPZ),
    Case("archive that expands 1,000-fold", partial(bomb, ["X.npy"], 200_000), "expands_too_much", "expand", media_type=NPZ, status=413),
    Case("an Excel sheet", archive(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")), "not_a_table", "Excel"),
    Case("an Excel sheet by its name", archive(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>")), "not_a_table", "Excel", file_name="table.xlsx"),
    Case("a Word document", archive(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w/>")), "not_a_table", "zip"),
    Case("an archive of CSV files", archive(("a.csv", b"x,y\n1,2\n")), "not_a_table", "zip", file_name="a.zip"),
]  # fmt: skip

CASES = [*HEADERS, *VALUES, *ARCHIVES]
