"""BLAS threads and kernel: set before NumPy loads, and only if the processor supports them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from workers.process.blas_threads import blas_environment
from workers.process.launch import worker_command

AVX512 = "avx512f avx512bw avx512cd avx512dq avx512vl"


@pytest.mark.parametrize(
    ("vendor", "flags", "chosen"),
    [
        ("AuthenticAMD", f"sse2 avx2 {AVX512}", True),
        ("AuthenticAMD", "sse2 avx2 avx512f", False),
        ("GenuineIntel", f"sse2 avx2 {AVX512}", False),
    ],
)
def test_kernel_is_set_only_where_openblas_selects_a_slower_one(
    tmp_path: Path, vendor: str, flags: str, chosen: bool
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n")
    assert ("OPENBLAS_CORETYPE" in blas_environment(1, {}, cpuinfo)) is chosen


def test_kernel_set_by_the_operator_is_kept(tmp_path: Path) -> None:
    environment = {"OPENBLAS_CORETYPE": "Haswell"}
    assert "OPENBLAS_CORETYPE" not in blas_environment(1, environment, Path("/proc/cpuinfo"))
    assert blas_environment(2, {}, tmp_path / "none") == {
        "OPENBLAS_NUM_THREADS": "2",
        "OMP_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
    }


def test_environment_is_applied_by_blas() -> None:
    code = (
        "from store.environment import environment_fingerprint;"
        "print(environment_fingerprint()['blas_threads'])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **blas_environment(1)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "1"


def test_launcher_does_not_load_numpy() -> None:
    code = "import sys, workers.process.launch; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_command_names_concurrency_and_worker() -> None:
    command = worker_command(3, "w7")
    assert command[command.index("--concurrency") + 1] == "3"
    assert command[command.index("--hostname") + 1] == "w7@%h"
