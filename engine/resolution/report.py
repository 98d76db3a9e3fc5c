"""Problems of a spec, and findings about it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from engine.errors import SpecError, SpecProblem
from engine.findings import Finding, FindingCode, FindingLevel
from engine.specs import TrainingSpec

# Problems of one check, which may look at many classes, values or columns.
MAX_PROBLEMS = 20


@dataclass(frozen=True)
class Alternative:
    """A remedy of a finding that the rest of the request may not allow.

    Attributes:
        spec: the request after the fix.
        fix: the fix, which is omitted if that request is refused.
        advice: clause of the detail that says what to do.
        name: noun phrase for what the fix chooses, for the reason if it is refused.
    """

    spec: TrainingSpec
    fix: dict[str, Any]
    advice: str
    name: str


@dataclass
class Report:
    """Collects problems and findings, so that all of them are returned together.

    Attributes:
        problems: the problems.
        findings: the findings.
        is_complete: False if a check has more problems than were added.
    """

    problems: list[SpecProblem] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    is_complete: bool = True
    _alternatives: dict[tuple[str, str], Alternative] = field(default_factory=dict)

    def problem(self, pointer: str, code: str, detail: str) -> None:
        """Add a problem: the spec is invalid."""
        self.problems.append(SpecProblem(pointer, code, detail))

    def add_first(self, problems: Iterable[SpecProblem]) -> None:
        """Add the first 20 problems of a check; at most one more is computed."""
        found = iter(problems)
        self.problems += islice(found, MAX_PROBLEMS)
        if next(found, None) is not None:
            self.is_complete = False

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

    def offer(
        self,
        level: FindingLevel,
        pointer: str,
        code: FindingCode,
        detail: str,
        alternative: Alternative,
    ) -> None:
        """Add a finding whose fix is kept by `settle` only if the request allows it."""
        finding = Finding(level, pointer, code, detail)
        self.findings.append(finding)
        self._alternatives[finding.key] = alternative

    def settle(self, resolve: Callable[[TrainingSpec], object]) -> list[Finding]:
        """Return the findings, each alternative either with its fix or with why it is refused.

        Args:
            resolve: resolves a request, or raises SpecError.
        """
        return [self._settled(finding, resolve) for finding in self.findings]

    def _settled(self, finding: Finding, resolve: Callable[[TrainingSpec], object]) -> Finding:
        alternative = self._alternatives.get(finding.key)
        if alternative is None:
            return finding
        try:
            resolve(alternative.spec)
        except SpecError as error:
            reason = f"{alternative.name} is not possible here: {error.problems[0].detail}"
            return replace(finding, detail=f"{finding.detail}; {reason}")
        detail = f"{finding.detail}; {alternative.advice}"
        return replace(finding, detail=detail, fix=alternative.fix)
