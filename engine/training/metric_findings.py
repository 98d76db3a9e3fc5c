"""Findings about requested metrics that are left out, because they have no finite value."""

import math
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Literal, NamedTuple

import numpy as np

from engine.findings import Finding, FindingLevel, patch
from engine.metrics import Metric
from engine.metrics.names import PER_TARGET
from engine.preprocessing.fitted import FittedTarget, InputsTarget, NumericTargets
from engine.specs import PlateauSchedule, ResolvedSpec

Part = Literal["training", "validation", "test"]
# Metrics as computed, by part and name: None if undefined, NaN or infinite if not finite.
ComputedMetrics = Mapping[Part, Mapping[str, Metric | None]]

_CONSTANT = "the target has a single value in these rows"
_CONSTANT_INPUTS = "no input varies in these rows"
_ONE_CLASS = "these rows are of a single class"
_NO_POSITIVES = "these rows have no positive label"
# Metrics that are independent of the target's unit.
_RATIOS = frozenset({"r2", "explained_variance"})
_WHY = {
    "r2": _CONSTANT,
    "explained_variance": _CONSTANT,
    "mape": "the target is 0 in all of these rows",
    "roc_auc": _ONE_CLASS,
    "pr_auc": _ONE_CLASS,
    "precision": _NO_POSITIVES,
    "recall": _NO_POSITIVES,
    "f1": _NO_POSITIVES,
}


class _Omitted(NamedTuple):
    part: Part
    name: str
    label: str
    is_defined: bool


def find_omitted_metrics(
    spec: ResolvedSpec,
    target: FittedTarget,
    computed: ComputedMetrics,
    epoch: int,
    pointer: str = "/metrics",
) -> Iterator[Finding]:
    """Report the requested metrics that are undefined for the rows, and those that overflow.

    Args:
        spec: the training's spec.
        target: the fitted target.
        computed: the metrics of the parts.
        epoch: completed epochs.
        pointer: where the findings point to.
    """
    omitted = [*_list_omitted(spec, target, computed)]
    beyond = [one for one in omitted if one.is_defined]
    if beyond:
        detail = _describe_overflow(spec, target, beyond) + _effect(spec, beyond)
        fix = _leave_out(spec, beyond)
        yield Finding("warning", pointer, "metric_not_finite", detail, fix, epoch)
    undefined = [one for one in omitted if not one.is_defined]
    if undefined:
        effect = _effect(spec, undefined)
        level: FindingLevel = "warning" if effect else "info"
        detail = _describe_undefined(target, undefined) + effect
        yield Finding(level, pointer, "metric_undefined", detail, epoch=epoch)


def _list_omitted(
    spec: ResolvedSpec, target: FittedTarget, computed: ComputedMetrics
) -> Iterator[_Omitted]:
    for part, metrics in computed.items():
        for name in ("loss", *spec.metrics):
            for label, value in _values_of(name, target, metrics):
                if value is None:
                    yield _Omitted(part, name, label, is_defined=False)
                elif isinstance(value, float) and not math.isfinite(value):
                    yield _Omitted(part, name, label, is_defined=True)


def _values_of(
    name: str, target: FittedTarget, metrics: Mapping[str, Metric | None]
) -> Iterator[tuple[str, Any]]:
    """Yield a metric with its name; of several numbers, that of each target with both names."""
    listed = metrics.get(name + PER_TARGET)
    if isinstance(target, NumericTargets) and isinstance(listed, list):
        for one, value in zip(target.targets, listed, strict=True):
            yield f"{name} of {one.name!r}", value
    elif name in metrics:
        yield name, metrics[name]


def _describe_overflow(
    spec: ResolvedSpec, target: FittedTarget, omitted: Sequence[_Omitted]
) -> str:
    advice = ", or ".join(_advise(spec, target, {one.name for one in omitted}))
    mean = ", nor is the mean over the targets" if isinstance(target, NumericTargets) else ""
    return (
        f"{'; '.join(_name_with_parts(omitted))}: not recorded{mean}, because the value exceeds "
        f"the largest number, {np.finfo(np.float64).max:.2g}; {advice}"
    )


def _advise(spec: ResolvedSpec, target: FittedTarget, names: AbstractSet[str]) -> Iterator[str]:
    """Yield what makes these metrics finite, or replaces them."""
    if "mse" in names and "rmse" not in {*names, *spec.metrics}:
        yield "record rmse in place of mse"
    if "mape" in names:
        yield "record mae in place of mape, which divides by targets near 0"
    if not names.isdisjoint(_RATIOS):
        if spec.preprocessing.target == "none" and not isinstance(target, InputsTarget):
            yield "set preprocessing.target to standardize"
        else:
            yield "lower the learning rate, because the predictions are far from the values"
    if not names <= _RATIOS | {"mape"}:
        subject = "inputs" if isinstance(target, InputsTarget) else "target"
        yield f"divide the {subject} by a constant"


def _describe_undefined(target: FittedTarget, omitted: Sequence[_Omitted]) -> str:
    reasons: dict[str, list[_Omitted]] = {}
    for one in omitted:
        why = _WHY.get(one.name, "it is not defined for these rows")
        if isinstance(target, InputsTarget):
            why = _CONSTANT_INPUTS
        reasons.setdefault(why, []).append(one)
    return "; ".join(
        f"{' and '.join(_name_with_parts(of))}: not recorded, because {why}"
        for why, of in reasons.items()
    )


def _name_with_parts(omitted: Sequence[_Omitted]) -> Iterator[str]:
    """Yield the metrics that are left out in the same parts together."""
    parts: dict[str, list[str]] = {}
    for one in omitted:
        parts.setdefault(one.label, []).append(one.part)
    labels: dict[tuple[str, ...], list[str]] = {}
    for label, of in parts.items():
        labels.setdefault(tuple(of), []).append(label)
    for key, named in labels.items():
        yield f"{', '.join(named)} of the {' and '.join(key)} rows"


def _effect(spec: ResolvedSpec, omitted: Sequence[_Omitted]) -> str:
    """Return what follows if early stopping or the schedule monitors one of these metrics."""
    monitored = [name for name in _monitored(spec) if name in {*map(_recorded_name, omitted)}]
    if not monitored:
        return ""
    return f"; {monitored[0]} is monitored: without a value, no epoch counts as an improvement"


def _recorded_name(omitted: _Omitted) -> str:
    return omitted.name if omitted.part == "training" else f"{omitted.part}_{omitted.name}"


def _monitored(spec: ResolvedSpec) -> Iterator[str]:
    """Yield the metrics that early stopping and the schedule monitor."""
    if spec.early_stopping is not None:
        yield spec.early_stopping.metric
    if isinstance(spec.schedule, PlateauSchedule) and spec.schedule.metric:
        yield spec.schedule.metric


def _leave_out(spec: ResolvedSpec, omitted: Sequence[_Omitted]) -> dict[str, Any] | None:
    """Return the fix that asks for the other metrics; None if there are none, or it would fail."""
    names = {one.name for one in omitted}
    others = [name for name in spec.metrics if name not in names]
    monitored = {name.removeprefix("validation_") for name in _monitored(spec)}
    if not others or monitored & names or len(others) == len(spec.metrics):
        return None
    return patch(("add", "/metrics", others))
