"""The thirteen datatypes of the protocol, and their arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

BOOL = "BOOL"
BYTES = "BYTES"
FP16 = "FP16"
FP64 = "FP64"

# Binary tensors are little-endian. Texts are arrays of objects: str, None where missing.
DTYPES: Mapping[str, np.dtype[Any]] = {
    BOOL: np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    FP16: np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    FP64: np.dtype("<f8"),
    BYTES: np.dtype("O"),
}
