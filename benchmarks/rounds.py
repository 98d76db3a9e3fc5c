"""Interleaved timing: contenders run in turn, so that other load affects all of them equally."""

import os
import statistics
import sys
import time
from collections.abc import Mapping

from benchmarks.contenders import Epoch
from workers.process.blas_threads import blas_environment

ROUNDS = 9


def median_seconds(contenders: Mapping[str, Epoch | None]) -> dict[str, float]:
    """Return the median seconds per epoch of each installed contender, after one warm-up epoch."""
    present = {name: epoch for name, epoch in contenders.items() if epoch is not None}
    seconds: dict[str, list[float]] = {name: [] for name in present}
    for epoch in present.values():
        epoch()
    for _ in range(ROUNDS):
        for name, epoch in present.items():
            started = time.perf_counter()
            epoch()
            seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in seconds.items()}


def restart_with(threads: int, module: str) -> None:
    """Restart this process with `threads` BLAS threads and cores, unless already done.

    BLAS libraries read these variables when they are loaded; the CPU affinity limits libraries
    that ignore them.
    """
    wanted = blas_environment(threads) | {"BENCHMARK_THREADS": str(threads)}
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    command = [sys.executable, "-m", module, str(threads)]
    os.execve(sys.executable, command, os.environ | wanted)
