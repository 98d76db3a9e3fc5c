"""Supported NumPy dtypes, and their conversion to Arrow arrays."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from store.errors import IntakeError

# Time units that Arrow supports; others are converted to the nearest supported unit.
UNITS = frozenset({"D", "s", "ms", "us", "ns"})
COARSE_UNITS = frozenset({"Y", "M", "W", "h", "m"})
NAMES = {"c": "complex", "V": "void", "m": "timedelta", "O": "object", "T": "variable text"}


def check_dtype(dtype: np.dtype[Any]) -> None:
    """Raise IntakeError for items that are not a number, a boolean, a time or a text."""
    problem = None
    if dtype.hasobject:
        problem = "holds Python objects (object), which are never loaded"
    elif dtype.names or dtype.subdtype:
        problem = "has nested fields: a dtype with one value per field is expected"
    elif dtype.kind not in "biufMUS":
        problem = f"is {NAMES.get(dtype.kind, dtype.kind)}: numbers, times or texts are expected"
    elif dtype.itemsize == 0:
        problem = "has a dtype of zero bytes"
    elif dtype.kind == "M" and np.datetime_data(dtype)[0] == "generic":
        problem = "holds times without a unit"
    if problem is not None:
        raise IntakeError("wrong_dtype", f"the array {problem}")


def arrow_type(dtype: np.dtype[Any]) -> pa.DataType:
    """Return the Arrow type to which `as_arrow` converts a dtype."""
    if dtype.kind in "US":
        return pa.string()
    return pa.from_numpy_dtype(_native(dtype))


def as_arrow(values: NDArray[Any]) -> pa.Array:
    """Convert a column to Arrow. Raises IntakeError for invalid text."""
    match values.dtype.kind:
        case "b":
            # Booleans with bytes other than 0 and 1 would be undefined behaviour elsewhere.
            return pa.array(np.ascontiguousarray(values).view(np.uint8) != 0)
        case "U" | "S":
            return _texts(values)
        case _:
            return pa.array(np.ascontiguousarray(values, _native(values.dtype)))


def _native(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the nearest dtype in native byte order that Arrow supports."""
    if dtype.kind == "M":
        unit, count = np.datetime_data(dtype)
        if count != 1 or unit not in UNITS:
            return np.dtype("M8[s]" if unit in COARSE_UNITS | {"D", "s"} else "M8[ns]")
    if dtype.kind == "f" and dtype.itemsize > 8:
        return np.dtype(np.float64)
    return dtype.newbyteorder("=")


def _texts(values: NDArray[Any]) -> pa.Array:
    try:
        cells = values.tolist()
        if values.dtype.kind == "S":
            cells = [cell.decode() for cell in cells]
        return pa.array(cells, pa.string())
    except (ValueError, SystemError) as error:
        detail = "the array holds texts that are not Unicode characters or not UTF-8"
        raise IntakeError("wrong_encoding", detail) from error
