"""Fault injection: crash points at which a test can end the process.

`BACKPROPD_CRASH_AT=after_claim:3` exits at the third pass of that point, and
`BACKPROPD_CRASH_AT=mid_step@poison:1` at the first pass for a job named `poison`. Without the
variable, a pass costs one comparison.
"""

import os
from typing import Literal

VARIABLE = "BACKPROPD_CRASH_AT"
EXIT_STATUS = 86

CrashPoint = Literal[
    "after_insert",
    "after_commit",
    "after_publish",
    "after_claim",
    "mid_step",
    "before_checkpoint_commit",
    "after_checkpoint_commit",
    "before_terminal_commit",
    "after_terminal_commit",
]


class _Trap:
    """The crash point and the pass at which this process exits."""

    def __init__(self, text: str) -> None:
        target, _, passes = text.partition(":")
        self.point, _, self.job_name = target.partition("@")
        self.passes_left = int(passes or 1)

    def record_pass(self, point: str, job_name: str) -> None:
        """Count a pass, and exit at the configured one."""
        if point != self.point or (self.job_name and job_name != self.job_name):
            return
        self.passes_left -= 1
        if self.passes_left == 0:
            # Like SIGKILL: no handler runs, nothing is flushed or committed.
            os._exit(EXIT_STATUS)


_trap = _Trap(os.environ[VARIABLE]) if VARIABLE in os.environ else None


def maybe_crash(point: CrashPoint, job_name: str = "") -> None:
    """Exit if the environment selects this crash point and pass; otherwise do nothing."""
    if _trap is not None:
        _trap.record_pass(point, job_name)
