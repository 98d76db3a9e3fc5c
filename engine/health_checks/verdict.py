"""The verdict of a check."""

from typing import Literal

Verdict = Literal["passed", "warning", "failed", "not_applicable"]

OUT_OF_TIME = "the check was ended for lack of time; a smaller network or batch takes less"
