"""Findings: observations about a valid job that its owner should know."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

FindingLevel = Literal["warning", "info"]
# Names beyond it are counted only: a table may have thousands of columns.
MAX_NAMES = 10


@dataclass(frozen=True)
class Finding:
    """An observation about a valid spec, its data or its training.

    Attributes:
        level: warning if the result may not be what the client intended, else info.
        pointer: JSON pointer into the job's request.
        code: short stable name; a job has at most one finding per code and pointer.
        detail: explanation for a person.
        fix: changes after which the finding is gone, or that choose the alternative:
            `{"patch": […]}`, operations of a JSON Patch (RFC 6902) on the job's request, or
            `{"parameters": {…}}`, query parameters of the dataset's upload; None without a remedy.
        epoch: completed epochs when it was found; None before the first step.
    """

    level: FindingLevel
    pointer: str
    code: str
    detail: str
    fix: dict[str, Any] | None = None
    epoch: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Code and pointer, which identify the finding among those of its job."""
        return self.code, self.pointer


def patch(*operations: tuple[str, str, Any]) -> dict[str, Any]:
    """Return a fix from JSON Patch operations `(op, path, value)`; a removal has no value."""
    return {
        "patch": [
            {"op": op, "path": path} if op == "remove" else {"op": op, "path": path, "value": value}
            for op, path, value in operations
        ]
    }


def name_columns(names: Sequence[str]) -> str:
    """Return the quoted names, at most MAX_NAMES of them, and how many there are beyond those."""
    quoted = ", ".join(repr(name) for name in names[:MAX_NAMES])
    more = len(names) - MAX_NAMES
    return f"{quoted} and {more} more" if more > 0 else quoted
