"""Problems of a spec, and findings about it."""

from dataclasses import dataclass, field
from typing import Literal

from engine.errors import SpecProblem


@dataclass(frozen=True)
class Finding:
    """An observation about a valid spec.

    Attributes:
        level: warning if the spec may not be what the client intended, else info.
        pointer: JSON pointer into the spec.
        code: short stable name.
        detail: explanation for a person.
    """

    level: Literal["warning", "info"]
    pointer: str
    code: str
    detail: str


@dataclass
class Report:
    """Collects problems and findings, so that all of them are returned together."""

    problems: list[SpecProblem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def problem(self, pointer: str, code: str, detail: str) -> None:
        """Add a problem: the spec is invalid."""
        self.problems.append(SpecProblem(pointer, code, detail))

    def warning(self, pointer: str, code: str, detail: str) -> None:
        """Add a warning: the spec may not be what the client intended."""
        self.findings.append(Finding("warning", pointer, code, detail))

    def info(self, pointer: str, code: str, detail: str) -> None:
        """Add information about a default or a consequence."""
        self.findings.append(Finding("info", pointer, code, detail))
