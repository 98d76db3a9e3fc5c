"""Environment fingerprint: machines with equal fingerprints produce bit-identical results."""

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

# The fields of a fingerprint that determine the bits of a training.
DECISIVE = ("numpy", "machine", "blas", "blas_version", "blas_kernel", "blas_threads")


def gives_equal_bits(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether training in both environments gives bit-identical results."""
    return all(one.get(name) == other.get(name) for name in DECISIVE)


def environment_fingerprint() -> dict[str, Any]:
    """Return the versions of NumPy and Python, the BLAS configuration and the architecture."""
    blas: dict[str, Any] = next(
        (pool for pool in threadpool_info() if pool["user_api"] == "blas"), {}
    )
    return {
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "blas": blas.get("internal_api"),
        "blas_version": blas.get("version"),
        "blas_kernel": blas.get("architecture"),
        "blas_threads": blas.get("num_threads"),
    }
