"""Contenders in turn, round after round, so that what else the machine does hits all alike."""

import os
import statistics
import sys
import time
from collections.abc import Mapping

from benchmarks.contenders import Epoch
from workers.process.blas_threads import blas_environment

ROUNDS = 9


def median_seconds(contenders: Mapping[str, Epoch | None]) -> dict[str, float]:
    """Median seconds of an epoch of each contender that is here; each one's first is not timed."""
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
    """Begin again with so many threads on so many cores, unless that is so already.

    The libraries read these when they are loaded; the cores bind those that do not.
    """
    wanted = blas_environment(threads) | {"BENCHMARK_THREADS": str(threads)}
    if all(os.environ.get(name) == value for name, value in wanted.items()):
        return
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    command = [sys.executable, "-m", module, str(threads)]
    os.execve(sys.executable, command, os.environ | wanted)
