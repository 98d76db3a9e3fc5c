"""Environment fingerprint: machines with equal fingerprints produce bit-identical results."""

import platform
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.lib.introspect import opt_func_info
from threadpoolctl import threadpool_info

from engine.numerics.version import NUMERICS

# The fields of a fingerprint that determine the bits of a training.
DECISIVE = (
    "numerics",
    "numpy",
    "simd",
    "libc",
    "python",
    "machine",
    "blas",
    "blas_version",
    "blas_kernel",
    "blas_threads",
)
_UNKNOWN = "unknown"
# Environments that were stored before a field existed lack it; an unknown value counts as equal.
_MISSING: dict[str, Any] = {"numerics": 1, "simd": _UNKNOWN, "libc": _UNKNOWN}


def decisive_values(environment: Mapping[str, Any]) -> dict[str, Any]:
    """Return the decisive fields of an environment: equal ones give bit-identical results."""
    values = {name: environment.get(name, _MISSING.get(name)) for name in DECISIVE}
    # sum() and math.hypot() of floats change with minor releases of Python only.
    return values | {"python": str(values["python"]).rpartition(".")[0]}


def find_differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> dict[str, tuple[Any, Any]]:
    """Return the decisive fields in which two environments differ, with both values."""
    mine, theirs = decisive_values(one), decisive_values(other)
    pairs = {name: (mine[name], theirs[name]) for name in DECISIVE}
    return {
        name: pair for name, pair in pairs.items() if pair[0] != pair[1] and _UNKNOWN not in pair
    }


def gives_equal_bits(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether training in both environments gives bit-identical results."""
    return not find_differences(one, other)


def numerics_of(environment: Mapping[str, Any]) -> int:
    """Return the version of the bits computed in an environment."""
    return int(decisive_values(environment)["numerics"])


def environment_fingerprint() -> dict[str, Any]:
    """Return the versions of engine, NumPy, Python and C library, SIMD and BLAS configuration.

    `simd` names the instruction sets of NumPy's functions on floats, `libc` the C library, whose
    exp, log, sin and cos NumPy calls where it has no SIMD version.
    """
    blas: dict[str, Any] = next(
        (pool for pool in threadpool_info() if pool["user_api"] == "blas"), {}
    )
    return {
        "numerics": NUMERICS,
        "numpy": np.__version__,
        "simd": _simd_targets(),
        "libc": " ".join(platform.libc_ver()).strip() or _UNKNOWN,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "blas": blas.get("internal_api"),
        "blas_version": blas.get("version"),
        "blas_kernel": blas.get("architecture"),
        "blas_threads": blas.get("num_threads"),
    }


def _simd_targets() -> str:
    """Return the instruction sets that NumPy has selected for float32 and float64."""
    functions = opt_func_info(signature="float32|float64")
    return " ".join(
        sorted({loop["current"] for loops in functions.values() for loop in loops.values()})
    )
