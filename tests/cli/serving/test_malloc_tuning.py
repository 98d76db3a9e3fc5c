"""Freed memory is kept for the next request."""

import subprocess
import sys

import pytest

PROGRAM = """
import resource
from cli.serving.malloc_tuning import keep_freed_memory
{tuning}
def allocate():
    return len([b"x" * 10_000_000 for _ in range(4)])
def count_page_faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
allocate()
before = count_page_faults()
allocate()
print(count_page_faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's malloc")
def test_freed_memory_is_used_again() -> None:
    faults = {}
    for tuning in ("", "keep_freed_memory()"):
        program = PROGRAM.format(tuning=tuning)
        answer = subprocess.run(
            [sys.executable, "-c", program], check=True, capture_output=True, text=True
        )
        faults[tuning] = int(answer.stdout)
    # 40 MB are 9,766 pages.
    assert faults[""] > 5_000
    assert faults["keep_freed_memory()"] < 500
