"""On what a job was trained: two machines with equal fingerprints give equal bits."""

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info

# What the bits of a training depend on, of what a fingerprint tells.
DECISIVE = ("numpy", "machine", "blas", "blas_version", "blas_kernel", "blas_threads")


def gives_equal_bits(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a training in one environment has the results of the same one in the other."""
    return all(one.get(name) == other.get(name) for name in DECISIVE)


def environment_fingerprint() -> dict[str, Any]:
    """NumPy, BLAS, its kernel and its threads, and the machine's architecture."""
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
