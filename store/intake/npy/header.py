"""The header of an .npy file: a Python literal, parsed by NumPy after its length is checked."""

import io
import tokenize
from typing import IO

import numpy as np

from store.errors import IntakeError
from store.intake.formats.magic_bytes import NUMPY

# Maximum length of the literal: parsing a long one is expensive.
MAX_HEADER_BYTES = 2**16
HEAD_BYTES = 12
# Exceptions that NumPy raises for a header that it cannot parse.
BROKEN = (
    ValueError, TypeError, SyntaxError, KeyError, MemoryError, RecursionError, tokenize.TokenError,
)  # fmt: skip


def parse_header(
    file: IO[bytes], start: int, end: int
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic], int]:
    """Return the shape, whether the order is Fortran's, the dtype and the offset of the data.

    Raises IntakeError.
    """
    file.seek(start)
    head = file.read(min(HEAD_BYTES + MAX_HEADER_BYTES, end - start))
    if not head.startswith(NUMPY):
        raise IntakeError("not_npy", "the file does not begin as an .npy file")
    if len(head) < HEAD_BYTES:
        raise IntakeError("not_npy", "the .npy file is cut off in its header")
    version = (head[6], head[7])
    if version not in {(1, 0), (2, 0), (3, 0)}:
        raise IntakeError("not_npy", f"version {version} of .npy is not supported")
    width = 2 if version == (1, 0) else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    if length > MAX_HEADER_BYTES or 8 + width + length > len(head):
        detail = f"the header of the .npy file claims {length} bytes: it is cut off or too long"
        raise IntakeError("not_npy", detail)
    shape, fortran, dtype = _evaluate(head, version)
    return shape, fortran, _named(dtype, version), start + 8 + width + length


def _evaluate(
    head: bytes, version: tuple[int, int]
) -> tuple[tuple[int, ...], bool, np.dtype[np.generic]]:
    text = io.BytesIO(head)
    text.seek(8)
    read = np.lib.format
    parse = read.read_array_header_1_0 if version == (1, 0) else read.read_array_header_2_0
    try:
        shape, fortran, dtype = parse(text, max_header_size=MAX_HEADER_BYTES)
        if any(type(size) is not int for size in shape):
            raise TypeError(shape)
    except BROKEN as error:
        detail = f"the header of the .npy file is invalid: {str(error)[:100]}"
        raise IntakeError("not_npy", detail) from error
    if any(size < 0 for size in shape):
        raise IntakeError("not_npy", f"the array's shape {shape} has a negative dimension")
    return shape, fortran, dtype


def _named(dtype: np.dtype[np.generic], version: tuple[int, int]) -> np.dtype[np.generic]:
    """Decode field names: version 3 writes UTF-8, but the version 2 parser reads Latin-1."""
    if version == (3, 0) and dtype.names:
        try:
            dtype.names = tuple(n.encode("latin-1").decode() for n in dtype.names)
        except UnicodeError as error:
            detail = "the names of the array's fields are not UTF-8"
            raise IntakeError("wrong_encoding", detail) from error
    return dtype
