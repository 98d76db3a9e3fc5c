"""A training's diagnostics to JSON and CSV."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from engine.findings import FindingCode
from engine.specs import ResolvedSpec
from engine.stored.specs import read_spec
from engine.stored.versions import SPEC_VERSION
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
from store.jobs.training.losses import LossPage, LossRecord
from store.statuses import StatusReason

_RESTORED: FindingCode = "restored_after_divergence"
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


def diagnostics_view(job: JobRecord, page: LossPage) -> DiagnosticsView:
    """Return the response schema of a job's diagnostics with a page of its epochs."""
    found = if_known(job.spec_version, lambda: _findings(job)) or []
    return DiagnosticsView(
        data=[EpochDiagnosticsView.model_validate(asdict(epoch)) for epoch in page.epochs],
        has_more=page.next is not None,
        next=page.next,
        thinned=page.is_thinned,
        verdict=_verdict(job, found),
        findings=found,
        rules=_RULES,
    )


def _findings(job: JobRecord) -> list[DiagnosisView]:
    """Return the findings of the rules among those of a job."""
    found = [finding for finding in job.findings if finding["code"] in RULES_BY_CODE]
    if not found:
        return []
    is_known = job.spec_version <= SPEC_VERSION
    spec = read_spec(job.spec, job.spec_version) if is_known else None
    return [_diagnosis(finding, spec) for finding in found]


def _diagnosis(finding: dict[str, Any], spec: ResolvedSpec | None) -> DiagnosisView:
    rule = RULES_BY_CODE[finding["code"]]
    remedy = rule.remedy if spec is None else rule.advise(spec)
    return DiagnosisView(**finding, since=finding["epoch"] - rule.epochs, remedy=remedy)


def _verdict(job: JobRecord, found: Sequence[DiagnosisView]) -> str:
    """Return the divergence and the findings in one sentence."""
    divergence = _divergence(job)
    if found:
        named = ", ".join(f"{one.code} at {one.pointer} since epoch {one.since}" for one in found)
        rules = f"the rules have found {len(found)}: {named}"
        return f"{divergence}; {rules}" if divergence else rules
    return divergence or _nothing_found(job)


def _divergence(job: JobRecord) -> str | None:
    """Return where and why the training diverged or was restored, and the remedy."""
    if job.status_reason == StatusReason.DIVERGED and job.error is not None:
        return str(job.error["message"])
    details = [one["detail"] for one in job.findings if one["code"] == _RESTORED]
    return f"the training diverged and was restored: {'; '.join(details)}" if details else None


def _nothing_found(job: JobRecord) -> str:
    if not job.steps:
        return "no step has been trained yet"
    if not job.epoch and not job.folds_done:
        return "no epoch has been completed yet"
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
