"""Run the waiting jobs of a data folder as a worker's child does, and print the last one's peak.

    python -m tests.hostile.peak_of_job SETTINGS_AS_JSON [STEPS]

With STEPS, it is interrupted after as many steps: another process resumes it.

The peak is what the job adds to the private memory of an idle child. The kernel keeps the highest
resident size of a process (VmHWM) and resets it on demand (5 to clear_refs). Pages of files and
shared memory (RssFile, RssShmem) are subtracted; a job maps no files. A first, tiny job loads what
every job needs.
"""

import gc
import itertools
import json
import sys
from pathlib import Path

from engine.numerics.blas import warm_up_products
from store.environment.memory import return_free_memory, use_system_allocator
from store.settings import load_settings
from tests.training import ask_before_steps, count_waiting, open_worker_context
from workers.slices import run_slice


def read_status() -> dict[str, int]:
    """Return the sizes of this process in bytes, by the kernel's names."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    fields = (line.split() for line in lines if line.endswith(" kB"))
    return {name.rstrip(":"): int(kilobytes) * 1024 for name, kilobytes, _ in fields}


def private_bytes(status: dict[str, int], total: str) -> int:
    """Return a size without the pages of files and of shared memory."""
    return status[total] - status["RssFile"] - status["RssShmem"]


def main() -> None:
    """Print the peak in bytes."""
    use_system_allocator()
    warm_up_products()
    context = open_worker_context(load_settings(**json.loads(sys.argv[1])))
    run_slice(context)
    gc.collect()
    return_free_memory()
    idle = private_bytes(read_status(), "VmRSS")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    if len(sys.argv) > 2:
        steps = itertools.count()
        ask_before_steps(context, lambda: next(steps) >= int(sys.argv[2]))
        run_slice(context)
    else:
        while count_waiting(context.database):
            run_slice(context)
    sys.stdout.write(f"{private_bytes(read_status(), 'VmHWM') - idle}\n")


if __name__ == "__main__":
    main()
