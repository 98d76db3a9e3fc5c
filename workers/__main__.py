"""A worker that is loaded before it is needed: `python -m workers OPTIONS`.

Loading the code is most of a worker's start, and takes many seconds on a busy machine. A process
that has loaded waits for a line on its standard input, then runs as a worker with these options.
"""

import os
import sys

import celery.bin.celery  # noqa: F401 - loaded ahead

from workers.app import app, load


def main(options: list[str]) -> int:
    """Wait, run the worker and return its exit status; without a line, the supervisor has ended."""
    load()
    if not sys.stdin.buffer.readline():
        return 0
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return app.worker_main(options) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
