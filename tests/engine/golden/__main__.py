"""Record the golden digests: `python -m tests.engine.golden --write [KERNEL …]`.

Digests that exist for the same NUMERICS are not overwritten if they differ.
"""

import argparse
import sys

from tests.engine.golden.digests import write_missing_specs
from tests.engine.golden.kernels import (
    KERNELS,
    OTHER_KERNELS,
    UnavailableKernelError,
    record,
    run_jobs,
)


def main() -> int:
    """Record the digests of each kernel; return 1 if one was refused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.add_argument("kernels", nargs="*", default=[*KERNELS, *OTHER_KERNELS])
    status = 0
    write_missing_specs()
    for kernel in parser.parse_args().kernels:
        try:
            record(kernel, run_jobs(kernel))
            sys.stdout.write(f"{kernel}: recorded\n")
        except UnavailableKernelError as error:
            sys.stdout.write(f"{kernel}: not available here: {error}\n")
        except ValueError as error:
            sys.stderr.write(f"{kernel}: {error}\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
