"""BLAS thread count and kernel, set through environment variables before NumPy is loaded.

This module does not import NumPy, so that a launcher can use it.
"""

import os
from collections.abc import Mapping
from pathlib import Path

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_SKYLAKE_X = {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}


def blas_environment(
    threads: int = 1,
    environment: Mapping[str, str] = os.environ,
    cpuinfo: Path = Path("/proc/cpuinfo"),
) -> dict[str, str]:
    """Return variables for a process with `threads` BLAS threads and its fastest BLAS kernel.

    OpenBLAS selects its AVX2 kernel on AMD processors with AVX-512, where the AVX-512 kernel was
    measured 1.6 to 1.9 times as fast. A kernel set by the operator (OPENBLAS_CORETYPE) is kept.
    """
    variables = dict.fromkeys(THREAD_VARIABLES, str(threads))
    if "OPENBLAS_CORETYPE" not in environment and _is_amd_with_avx512(cpuinfo):
        variables["OPENBLAS_CORETYPE"] = "SkylakeX"
    return variables


def _is_amd_with_avx512(cpuinfo: Path) -> bool:
    try:
        text = cpuinfo.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    values = {key.strip(): value for key, value in fields.items()}
    return (
        "AuthenticAMD" in values.get("vendor_id", "")
        and set(values.get("flags", "").split()) >= _SKYLAKE_X
    )
