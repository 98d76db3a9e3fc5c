"""Training speed on data four times larger than the memory limit, compared to in-memory data.

    python -m benchmarks.out_of_core

Results go to benchmarks/results/.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.large_table import ENVIRONMENT, write_table
from benchmarks.results import write_results
from workers.process.blas_threads import blas_environment

ROWS, FEATURES, EPOCHS = 2**19, 256, 5
LIMIT_MIB = 128


def _train(folder: Path, limit_mib: int) -> dict[str, Any]:
    arguments = [str(number) for number in (ROWS, FEATURES, EPOCHS, limit_mib)]
    command = [sys.executable, "-m", "benchmarks.large_table", str(folder), *arguments]
    environment = os.environ | blas_environment(1) | ENVIRONMENT
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def measure() -> dict[str, Any]:
    """Return the seconds of preparation and of the median epoch, from files and in memory."""
    with tempfile.TemporaryDirectory(prefix="bpd-large-") as folder:
        write_table(Path(folder), ROWS, FEATURES)
        from_files, in_memory = _train(Path(folder), LIMIT_MIB), _train(Path(folder), 0)
    # The first epoch is excluded: it runs with cold processor and disk caches.
    files, memory = (
        statistics.median(found["epoch_seconds"][1:]) for found in (from_files, in_memory)
    )
    return {
        "matrix_mib": from_files["matrix_bytes"] // 2**20,
        "limit_mib": LIMIT_MIB,
        "same_losses": from_files["losses"] == in_memory["losses"],
        "preparing_seconds": round(from_files["preparing_seconds"], 2),
        "loading_seconds": round(in_memory["preparing_seconds"], 2),
        "epoch_seconds": {"from_files": round(files, 3), "in_memory": round(memory, 3)},
        "times_as_fast_as_in_memory": round(memory / files, 2),
    }


def main() -> None:
    """Run the benchmark, print the results and save them."""
    results = measure()
    print(json.dumps(results, indent=2))
    print(f"written to {write_results('out_of_core', results)}")


if __name__ == "__main__":
    main()
