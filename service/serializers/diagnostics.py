"""A training's diagnostics to JSON and CSV."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.training.diagnosis.rules import RULES, RULES_BY_CODE
from service.http.csv import as_csv
from service.schemas.diagnostics import (
    DiagnosisView,
    DiagnosticsView,
    EpochDiagnosticsView,
    RuleView,
)
from service.serializers.later_versions import if_known
from store.jobs.jobs import JobRecord
from store.jobs.training.losses import LossRecord

LAYER_COLUMNS = ("name", "gradient_norm", "update_ratio", "dead_units", "saturated_units")
_RULES = [
    RuleView(
        code=rule.code,
        epochs=rule.epochs,
        condition=rule.condition,
        thresholds=dict(rule.thresholds),
        remedy=rule.remedy,
    )
    for rule in RULES
]


def diagnostics_view(
    job: JobRecord, epochs: Sequence[LossRecord], *, has_more: bool
) -> DiagnosticsView:
    """Return the response schema of a job's diagnostics with a page of its epochs."""
    found = if_known(job.spec_version, lambda: _findings(job.findings)) or []
    return DiagnosticsView(
        data=[EpochDiagnosticsView.model_validate(asdict(epoch)) for epoch in epochs],
        has_more=has_more,
        next=str(epochs[-1].epoch) if has_more else None,
        verdict=_verdict(job, found),
        findings=found,
        rules=_RULES,
    )


def _findings(findings: Sequence[dict[str, Any]]) -> list[DiagnosisView]:
    """Return the findings of the rules among those of a job."""
    views = []
    for finding in findings:
        rule = RULES_BY_CODE.get(finding["code"])
        if rule is not None:
            since = finding["epoch"] - rule.epochs
            views.append(DiagnosisView(**finding, since=since, remedy=rule.remedy))
    return views


def _verdict(job: JobRecord, found: Sequence[DiagnosisView]) -> str:
    if found:
        named = ", ".join(f"{one.code} at {one.pointer} since epoch {one.since}" for one in found)
        return f"the rules have found {len(found)}: {named}"
    if not job.steps:
        return "no step has been trained yet"
    epochs = f"{job.epoch} epoch{'' if job.epoch == 1 else 's'}"
    return f"the rules have found nothing in {epochs}"


def diagnostics_as_csv(epochs: Sequence[LossRecord]) -> str:
    """Write a header and one line per epoch and layer."""
    rows = (
        [epoch.epoch, *(layer.get(column) for column in LAYER_COLUMNS)]
        for epoch in epochs
        for layer in epoch.layers
    )
    return as_csv(("epoch", "layer", *LAYER_COLUMNS[1:]), rows)
