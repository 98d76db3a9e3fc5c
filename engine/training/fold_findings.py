"""Findings of the folds of a cross-validation that do not hold for the final network."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from engine.findings import Finding, FindingCode, name_by_reason
from engine.preparation.fold_findings import name_folds
from engine.preparation.part_rows import PartRows
from engine.preparation.prepared_data import PreparedData
from engine.preparation.untrained_findings import list_untrained_inputs
from engine.preprocessing.preprocessing import Preprocessing

_EFFECT = (
    "They are held at that while the fold is validated; the final network is trained on all rows"
)


@dataclass(frozen=True)
class AllRows:
    """Description of the final network's data, made before the first fold is trained.

    Attributes:
        findings: about the rows of all networks.
        preprocessing: fitted on the training rows of the final network.
        part_rows: numbers of rows of all parts and folds.
    """

    findings: tuple[Finding, ...]
    preprocessing: Preprocessing
    part_rows: PartRows

    @classmethod
    def describe(cls, data: PreparedData) -> Self:
        """Describe the data, which are not kept."""
        assert data.part_rows is not None  # noqa: S101 - they are those of all rows
        return cls(data.findings, data.preprocessing, data.part_rows)


@dataclass
class FoldFinding:
    """A finding of some folds; serializable as JSON.

    Attributes:
        code: the finding's code.
        detail: explanation for the first of the folds.
        folds: indices of the folds over all repeats, ascending.
    """

    code: FindingCode
    detail: str
    folds: list[int]

    def finding(self, count: int) -> Finding:
        """Return the finding, which names its folds, of `count` folds."""
        first = f", such as {name_folds(self.folds[:1], count)}" if len(self.folds) > 1 else ""
        detail = f"{name_folds(self.folds, count)}{first}: {self.detail}"
        return Finding("info", "/validation", self.code, detail)


def note_untrained_inputs(
    noted: list[FoldFinding], fold: int, preprocessing: Preprocessing, final: Preprocessing
) -> None:
    """Note the inputs that never vary in a fold's training rows but do in all rows.

    Args:
        noted: findings of the folds so far; the fold may be among them.
        fold: index of the fold.
        preprocessing: fitted on the fold's training rows.
        final: fitted on the training rows of the final network.
    """
    for code, detail in _describe_untrained(preprocessing, final):
        known = next((finding for finding in noted if finding.code == code), None)
        if known is None:
            noted.append(FoldFinding(code, detail, [fold]))
        elif fold not in known.folds:
            known.folds.append(fold)


def _describe_untrained(
    preprocessing: Preprocessing, final: Preprocessing
) -> Iterator[tuple[FindingCode, str]]:
    constant, unused = list_untrained_inputs(preprocessing)
    always_constant, always_unused = list_untrained_inputs(final)
    found = {name: text for name, text in constant.items() if name not in always_constant}
    if found:
        columns = name_by_reason(found)
        detail = f"columns that never vary in the training rows: {columns}. {_EFFECT}"
        yield "never_varies_in_training", detail
    found = {name: text for name, text in unused.items() if always_unused.get(name) != text}
    if found:
        columns = name_by_reason(found)
        detail = f"some inputs never vary in the training rows: {columns}. {_EFFECT}"
        yield "unused_in_training", detail
