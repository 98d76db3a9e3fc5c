"""The golden trainings under a BLAS kernel of choice, and the digests recorded for it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy._core import _multiarray_umath

from engine.numerics.version import NUMERICS
from workers.process.blas_threads import blas_environment

FOLDER = Path(__file__).parent
ROOT = FOLDER.parents[2]
# The kernels that OpenBLAS selects for processors with AVX2 and with AVX-512.
KERNELS = ("Haswell", "SkylakeX")
# Covered as well where there is time: without AVX2.
OTHER_KERNELS = ("SandyBridge",)
_FEATURES: dict[str, bool] = _multiarray_umath.__cpu_features__
_AVX512 = ("X86_V4", "AVX512_ICL", "AVX512_SPR")
_REPORT = "from tests.engine.golden.digests import report; report()"


@dataclass(frozen=True)
class Run:
    """The decisive environment of a process, and the digest of each job it has trained."""

    environment: dict[str, Any]
    digests: dict[str, str]


@dataclass(frozen=True)
class Comparison:
    """The jobs of a run by what the recorded digests say of them."""

    changed: list[str]
    unrecorded: list[str]


class UnavailableKernelError(Exception):
    """This processor, or this NumPy, cannot run the kernel."""


def run_jobs(kernel: str) -> Run:
    """Train every job in a process with this BLAS kernel. Raises UnavailableKernelError."""
    if kernel == "SkylakeX" and not _FEATURES.get("X86_V4"):
        raise UnavailableKernelError("the processor has no AVX-512")
    answer = subprocess.run(
        [sys.executable, "-c", _REPORT],
        cwd=ROOT,
        env={**os.environ, **blas_environment(), **_variables(kernel)},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode < 0:
        raise UnavailableKernelError(f"ended by signal {-answer.returncode}")
    assert answer.returncode == 0, answer.stderr
    run = Run(**json.loads(answer.stdout))
    selected = str(run.environment["blas_kernel"])
    if selected.lower() != kernel.lower():
        raise UnavailableKernelError(f"BLAS selected {selected}")
    return run


def _variables(kernel: str) -> dict[str, str]:
    """Return the variables that select a kernel, and for the older ones the same SIMD level.

    A processor with AVX-512 can thus check the digests of one without it.
    """
    found = [] if kernel == "SkylakeX" else [name for name in _AVX512 if _FEATURES.get(name)]
    return {"OPENBLAS_CORETYPE": kernel, "NPY_DISABLE_CPU_FEATURES": " ".join(found)}


def read_runs(kernel: str) -> list[Run]:
    """Return the recorded runs of a kernel."""
    path = _path(kernel)
    return [Run(**run) for run in json.loads(path.read_text())] if path.exists() else []


def compare(run: Run, recorded: list[Run]) -> Comparison:
    """Compare a run with the recorded one of the same environment."""
    known = next((one for one in recorded if one.environment == run.environment), None)
    digests = {} if known is None else known.digests
    return Comparison(
        changed=[
            name for name, digest in run.digests.items() if digests.get(name, digest) != digest
        ],
        unrecorded=[name for name in run.digests if name not in digests],
    )


def record(kernel: str, run: Run) -> None:
    """Record a run; those of earlier numerics are removed. Raises ValueError if bits changed."""
    recorded = read_runs(kernel)
    changed = compare(run, recorded).changed
    if changed:
        raise ValueError(describe_changes(changed))
    kept = [
        one
        for one in recorded
        if one.environment["numerics"] == NUMERICS and one.environment != run.environment
    ]
    runs = [vars(one) for one in [*kept, run]]
    _path(kernel).write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")


def describe_changes(changed: list[str]) -> str:
    """Return the error message for jobs whose bits have changed."""
    return (
        f"the bits of {', '.join(changed)} have changed while NUMERICS is still {NUMERICS}: "
        "raise NUMERICS or restore the bits (docs/decisions/0028)"
    )


def _path(kernel: str) -> Path:
    return FOLDER / f"{kernel.lower()}.json"
