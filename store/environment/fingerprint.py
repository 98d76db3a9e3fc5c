"""The environment of this process."""

import platform
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.introspect import opt_func_info
from threadpoolctl import threadpool_info

from engine.numerics.version import NUMERICS
from store.environment.decisive import UNKNOWN


def environment_fingerprint() -> dict[str, Any]:
    """Return the versions of engine, NumPy, Python and C library, SIMD and BLAS configuration.

    `simd` names the instruction sets of NumPy's functions on floats, `libc` the C library, whose
    exp, log, sin and cos NumPy calls where it has no SIMD version.
    """
    blas = _blas_of_numpy()
    return {
        "numerics": NUMERICS,
        "numpy": np.__version__,
        "simd": _simd_targets(),
        "libc": " ".join(platform.libc_ver()).strip() or UNKNOWN,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "blas": blas.get("internal_api"),
        "blas_version": blas.get("version"),
        "blas_kernel": blas.get("architecture"),
        "blas_threads": blas.get("num_threads"),
    }


def _blas_of_numpy() -> dict[str, Any]:
    """Return the BLAS that NumPy calls; a process may have loaded another, such as SciPy's.

    NumPy's wheels bring theirs within the package or in `numpy.libs` beside it.
    """
    found: list[dict[str, Any]] = [one for one in threadpool_info() if one["user_api"] == "blas"]
    package = Path(np.__file__).parent
    bundled = (package, package.with_name("numpy.libs"))
    own = (one for one in found if any(map(Path(one["filepath"]).is_relative_to, bundled)))
    return next(own, found[0] if found else {})


def _simd_targets() -> str:
    """Return the instruction sets that NumPy has selected for float32 and float64."""
    functions = opt_func_info(signature="float32|float64")
    return " ".join(
        sorted({loop["current"] for loops in functions.values() for loop in loops.values()})
    )
