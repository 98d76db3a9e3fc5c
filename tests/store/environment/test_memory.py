"""The memory limit of a process, in processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

from store.environment.memory import data_bytes
from tests.servers import ROOT

LIMITED = """
import mmap, sys
import numpy as np
from store.environment.memory import data_bytes, limit_data
lifted = -1
limit_data(data_bytes() + 2**26)
try:
    np.empty(2**27, np.uint8)
except MemoryError:
    print("refused")
with open(sys.argv[1], "rb") as file:
    print(len(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
limit_data(lifted)
print(len(np.ones(2**27, np.uint8)))
"""
SCORE = """
from pathlib import Path
from store.environment.memory import end_before_parent
end_before_parent()
end_before_parent()
print(Path("/proc/self/oom_score_adj").read_text().strip())
"""
ALLOCATOR = """
from store.environment.memory import data_bytes, use_system_allocator
use_system_allocator()
import pyarrow as pa
before = data_bytes()
buffer = pa.allocate_buffer(2**20)
print(pa.default_memory_pool().backend_name, data_bytes() - before < 2**26)
"""


def run(code: str, *arguments: str) -> list[str]:
    command = [sys.executable, "-c", code, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_a_limit_refuses_arrays_but_no_files_mapped_for_reading(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(2**27)
    assert run(LIMITED, str(path)) == ["refused", str(2**27), str(2**27)]


def test_the_size_of_this_process_is_known() -> None:
    assert data_bytes() > 2**20


def test_a_child_raises_its_score_once() -> None:
    assert run(SCORE) == ["500"]


def test_arrow_reserves_no_memory() -> None:
    assert run(ALLOCATOR) == ["system", "True"]
