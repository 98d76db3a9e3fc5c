"""Problems of a spec, and findings about it."""

from dataclasses import dataclass, field
from typing import Any

from engine.errors import SpecProblem
from engine.findings import Finding, FindingCode


@dataclass
class Report:
    """Collects problems and findings, so that all of them are returned together."""

    problems: list[SpecProblem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def problem(self, pointer: str, code: str, detail: str) -> None:
        """Add a problem: the spec is invalid."""
        self.problems.append(SpecProblem(pointer, code, detail))

    def warning(
        self, pointer: str, code: FindingCode, detail: str, fix: dict[str, Any] | None = None
    ) -> None:
        """Add a warning: the spec may not be what the client intended."""
        self.findings.append(Finding("warning", pointer, code, detail, fix))

    def info(
        self, pointer: str, code: FindingCode, detail: str, fix: dict[str, Any] | None = None
    ) -> None:
        """Add information about a default or a consequence."""
        self.findings.append(Finding("info", pointer, code, detail, fix))
