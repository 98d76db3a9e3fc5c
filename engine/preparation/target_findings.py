"""Findings about several targets that only the rows show."""

from collections.abc import Iterator

import numpy as np

from engine.findings import Finding
from engine.preprocessing.labels import LEAST_STRATUM_ROWS, Labels, MultiLabels, NumberLabels
from engine.specs import FoldsValidation, FractionValidation, ResolvedSpec


def find_target_findings(spec: ResolvedSpec, labels: Labels) -> Iterator[Finding]:
    """Yield the number of rows without every target, and how rare label combinations are split."""
    if len(spec.targets) < 2 or not isinstance(labels, NumberLabels | MultiLabels):
        return
    # The schema shows the number for a single target.
    if np.count_nonzero(labels.lacking) > 1:
        lacking = np.count_nonzero(~labels.present)
        detail = (
            f"{lacking} of {len(labels.present)} rows lack at least one target and are left out"
        )
        yield Finding("warning", "/target", "incomplete_targets", detail)
    if isinstance(labels, MultiLabels) and _is_stratified(spec) and len(labels.rare_combinations):
        rare = labels.rare_combinations
        detail = (
            f"{len(rare)} combinations of labels have fewer than {LEAST_STRATUM_ROWS} rows each; "
            f"their {rare.sum()} rows are split at random, those of every other combination in "
            "equal shares"
        )
        yield Finding("info", "/validation", "rare_label_combinations", detail)


def _is_stratified(spec: ResolvedSpec) -> bool:
    validation = spec.validation
    if not isinstance(validation, FractionValidation | FoldsValidation):
        return False
    if validation.order_by is not None or validation.group_by is not None:
        return False
    return isinstance(validation, FoldsValidation) or validation.stratify
