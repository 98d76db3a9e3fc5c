"""What is worth telling a client about a spec, and what is wrong with it."""

from dataclasses import dataclass, field
from typing import Literal

from engine.errors import SpecProblem


@dataclass(frozen=True)
class Finding:
    """Something a client should know of a spec that works.

    Attributes:
        level: warning when it may not be what was meant, info otherwise.
        pointer: JSON pointer into the spec.
        code: short stable name.
        detail: for a person.
    """

    level: Literal["warning", "info"]
    pointer: str
    code: str
    detail: str


@dataclass
class Report:
    """Collects problems and findings, so that a client is told of all of them at once."""

    problems: list[SpecProblem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def problem(self, pointer: str, code: str, detail: str) -> None:
        """Something that must change."""
        self.problems.append(SpecProblem(pointer, code, detail))

    def warning(self, pointer: str, code: str, detail: str) -> None:
        """Something that may not be what was meant."""
        self.findings.append(Finding("warning", pointer, code, detail))

    def info(self, pointer: str, code: str, detail: str) -> None:
        """Something that was decided for the client."""
        self.findings.append(Finding("info", pointer, code, detail))
