"""Which of several targets are numbers, labels or classes, and which of them suit one job."""

from collections.abc import Sequence

from engine.data.table import ColumnSchema
from engine.findings import name_columns


def is_label(target: ColumnSchema) -> bool:
    """Return whether a target has two values that can be classes."""
    return target.distinct == 2 and (target.kind != "numeric" or target.integral)


def why_no_label(target: ColumnSchema) -> str:
    """Return why a target cannot be one of several labels."""
    rule = "each of several labels needs two values"
    if target.kind == "numeric" and not target.integral:
        return f"column {target.name!r} has numbers that are not whole; {rule}"
    if target.distinct is not None and target.distinct < 2:
        return f"column {target.name!r} has the same value in every row; {rule}"
    count = "many" if target.distinct is None else target.distinct
    return f"column {target.name!r} has {count} distinct values; {rule}"


def describe_mixture(targets: Sequence[ColumnSchema]) -> str:
    """Return which targets are numbers, labels and classes, and what to request instead."""
    labels = [target for target in targets if is_label(target)]
    numbers = [t for t in targets if t.kind == "numeric" and not is_label(t)]
    classes = [t for t in targets if t.kind != "numeric" and not is_label(t)]
    kinds = (
        (numbers, "numbers"),
        (labels, "labels, two values each"),
        (classes, "classes, not two values each"),
    )
    found = "; ".join(f"{name_targets(group)}: {kind}" for group, kind in kinds if group)
    jobs = [f"{name_targets(group)} with task {task}" for group, task in _jobs(numbers, labels)]
    if classes:
        jobs.append("each column of classes in a job of its own")
    return (
        f"{found}. The targets of one job must be all numbers, or all labels with two values each: "
        f"request {', and '.join(jobs)}"
    )


def _jobs(
    numbers: Sequence[ColumnSchema], labels: Sequence[ColumnSchema]
) -> list[tuple[Sequence[ColumnSchema], str]]:
    """Return the jobs that predict numbers and labels, with their task."""
    label_task = "multi_label" if len(labels) > 1 else "classification"
    jobs = ((numbers, "regression"), (labels, label_task))
    return [(group, task) for group, task in jobs if group]


def name_targets(targets: Sequence[ColumnSchema]) -> str:
    """Return the quoted names of the targets, at most MAX_NAMES of them."""
    return name_columns([target.name for target in targets])
