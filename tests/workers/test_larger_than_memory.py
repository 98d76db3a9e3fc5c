"""Training on data larger than the worker's memory, bit-identical to training in memory."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.large_table import ENVIRONMENT, write_table

# Half the size of `python -m benchmarks.out_of_core`, to take half the time.
ROWS, FEATURES, EPOCHS = 2**18, 256, 1
MATRIX_MIB, LIMIT_MIB = 256, 64


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder deleted after the test, because it holds half a gigabyte."""
    with tempfile.TemporaryDirectory(prefix="bpd-large-") as folder:
        write_table(Path(folder), ROWS, FEATURES)
        yield Path(folder)


def train(folder: Path, limit_mib: int) -> dict[str, Any]:
    """Prepare and train in a separate process; a limit of 0 means unlimited memory."""
    arguments = [str(number) for number in (ROWS, FEATURES, EPOCHS, limit_mib)]
    command = [sys.executable, "-m", "benchmarks.large_table", str(folder), *arguments]
    environment = os.environ | ENVIRONMENT
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["matrix_bytes"] == MATRIX_MIB * 2**20
    return found


@pytest.mark.rare
def test_four_times_the_memory_trains_to_the_same_losses(folder: Path) -> None:
    # The limit is on address space, not resident pages: files must not be mapped as a whole.
    limited = train(folder, limit_mib=LIMIT_MIB)
    assert train(folder, limit_mib=0)["losses"] == limited["losses"]
