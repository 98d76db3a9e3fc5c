"""Places where a test can end the process at once, as a crash would.

`BACKPROPD_CRASH_AT=after_claim:3` exits at the third pass of that place, and
`BACKPROPD_CRASH_AT=mid_step@poison:1` at the first pass for a job of the name `poison`. Without
the variable a pass costs a comparison.
"""

import os
from typing import Literal

VARIABLE = "BACKPROPD_CRASH_AT"
EXIT_STATUS = 86

CrashPoint = Literal[
    "after_insert",
    "after_commit",
    "after_ring",
    "after_claim",
    "mid_step",
    "before_checkpoint_commit",
    "after_checkpoint_commit",
    "before_terminal_commit",
    "after_terminal_commit",
]


class _Trap:
    """The place and the pass at which this process ends."""

    def __init__(self, text: str) -> None:
        place, _, passes = text.partition(":")
        self.point, _, self.job_name = place.partition("@")
        self.left = int(passes or 1)

    def note(self, point: str, job_name: str) -> None:
        """Count a pass; end the process at the one that was named."""
        if point != self.point or (self.job_name and job_name != self.job_name):
            return
        self.left -= 1
        if self.left == 0:
            # As a kill would: no handler runs, nothing is flushed, nothing is committed.
            os._exit(EXIT_STATUS)


_trap = _Trap(os.environ[VARIABLE]) if VARIABLE in os.environ else None


def maybe_crash(point: CrashPoint, job_name: str = "") -> None:
    """Go on, unless the environment says that the process ends here."""
    if _trap is not None:
        _trap.note(point, job_name)
