"""Variables that select the SIMD instructions of every x86-64 processor with AVX2.

Without dependencies on this project: the program at commit 18b92b1 imports it as well.
"""

import platform
from typing import Any

import numpy as np
from numpy._core._multiarray_umath import (  # type: ignore[import-not-found]
    __cpu_features__,
)
from threadpoolctl import threadpool_info

VARIABLES = {
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4,AVX512_ICL,AVX512_SPR",
}


def describe_environment() -> dict[str, Any]:
    """Return what decides the bits of a training in this process."""
    (blas,) = (pool for pool in threadpool_info() if pool["user_api"] == "blas")
    return {
        "numpy": np.__version__,
        "blas": f"{blas['internal_api']} {blas['version']} {blas['architecture']}",
        "threads": blas["num_threads"],
        "python": ".".join(platform.python_version_tuple()[:2]),
        "machine": platform.machine(),
        "libc": " ".join(platform.libc_ver()),
        "simd": [name for name in ("X86_V3", "X86_V4") if __cpu_features__.get(name)],
    }


if __name__ == "__main__":
    print(*(f"{name}={value}" for name, value in VARIABLES.items()))  # noqa: T201
