"""The targets of a spec, one or several, and the task that they lead to."""

from collections.abc import Sequence
from typing import assert_never

from engine.data.table import ColumnSchema, TableSchema
from engine.findings import MAX_NAMES, patch
from engine.resolution.class_or_quantity import other_task
from engine.resolution.reconstruction import check_reconstruction
from engine.resolution.report import Alternative, Report
from engine.resolution.target_and_features import choose_task, find_target
from engine.resolution.target_mixture import (
    describe_mixture,
    is_label,
    name_targets,
    why_no_label,
)
from engine.specs import Task, TrainingSpec


def target_pointer(index: int, count: int) -> str:
    """Return the JSON pointer of a target in a request with `count` targets."""
    return "/target" if count == 1 else f"/target/{index}"


def find_targets(
    spec: TrainingSpec, table: TableSchema, report: Report
) -> tuple[ColumnSchema, ...] | None:
    """Return the targets' columns in order; None if one of them cannot be a target.

    Empty for a reconstruction, whose targets are the inputs.
    """
    names = spec.targets
    if spec.task == "reconstruction":
        check_reconstruction(spec, report)
        return ()
    if not names:
        detail = (
            "this field is required, except for the task reconstruction: the column to predict, or "
            "a list of columns"
        )
        report.problem("/target", "missing", detail)
        return None
    found: list[ColumnSchema] = []
    for index, name in enumerate(names):
        pointer = target_pointer(index, len(names))
        if name in names[:index]:
            report.problem(pointer, "duplicate_target", f"{name!r} is listed twice")
            continue
        target = find_target(name, pointer, table, report)
        if target is not None:
            found.append(target)
    if len(found) < len(names):
        return None
    _report_missing(found, report)
    return tuple(found)


def count_labelled_rows(targets: Sequence[ColumnSchema], rows: int) -> int:
    """Return the number of rows with every target, at most: which rows lack one is not known."""
    return rows - max((target.missing for target in targets), default=0)


def _report_missing(targets: Sequence[ColumnSchema], report: Report) -> None:
    lacking = [target for target in targets if target.missing]
    if not lacking:
        return
    if len(targets) == 1:
        detail = f"{lacking[0].missing} rows without a target are left out"
    else:
        counts = ", ".join(
            f"{target.missing} lack {target.name!r}" for target in lacking[:MAX_NAMES]
        )
        more = f", and {len(lacking) - MAX_NAMES} more targets" if len(lacking) > MAX_NAMES else ""
        detail = f"rows that lack any target are left out: {counts}{more}"
    report.warning("/target", "missing_target", detail)


def choose_tasks(
    spec: TrainingSpec, targets: Sequence[ColumnSchema], rows: int, report: Report
) -> Task | None:
    """Return the task: the requested one if the targets allow it, else inferred from them."""
    if len(targets) == 1:
        return choose_task(spec, targets[0], rows, report)
    match spec.task:
        case "reconstruction":
            return spec.task
        case None:
            return _default_task(spec, targets, report)
        case "regression":
            return spec.task if _are_numbers(targets, report) else None
        case "classification" | "multi_label":
            return "multi_label" if _are_labels(targets, report) else None
        case _:
            assert_never(spec.task)


def _default_task(
    spec: TrainingSpec, targets: Sequence[ColumnSchema], report: Report
) -> Task | None:
    numbers = [target for target in targets if target.kind == "numeric"]
    if all(map(is_label, targets)):
        if numbers:
            detail = (
                f"{name_targets(numbers)}: two distinct whole numbers, which are treated as labels"
            )
            if len(numbers) == len(targets):
                alternative = other_task(spec, "regression", "predict numbers")
                report.offer("info", "/task", "numbers_as_classes", detail, alternative)
            else:
                report.info("/task", "numbers_as_classes", detail)
        return "multi_label"
    if len(numbers) == len(targets):
        _report_two_valued(spec, targets, report)
        return "regression" if _are_numbers(targets, report) else None
    if all(map(is_label, numbers)):
        _are_labels(targets, report)
        return None
    report.problem("/target", "mixed_targets", describe_mixture(targets))
    return None


def _are_numbers(targets: Sequence[ColumnSchema], report: Report) -> bool:
    """Return whether all are numbers that vary, and report each that is not."""
    is_valid = True
    for index, target in enumerate(targets):
        pointer = target_pointer(index, len(targets))
        if target.kind != "numeric":
            detail = (
                f"regression needs numbers; column {target.name!r} is {target.kind}. "
                f"{describe_mixture(targets)}"
            )
            report.problem(pointer, "target_not_numeric", detail)
            is_valid = False
        elif target.distinct == 1:
            detail = f"column {target.name!r} has the same number in every row"
            report.problem(pointer, "constant_target", detail)
            is_valid = False
    return is_valid


def _report_two_valued(spec: TrainingSpec, targets: Sequence[ColumnSchema], report: Report) -> None:
    """Report numbers that could be labels; the fix is a job for these targets alone."""
    two_valued = [target for target in targets if is_label(target)]
    if two_valued:
        detail = (
            f"{name_targets(two_valued)}: two distinct whole numbers each, which are predicted as "
            "numbers"
        )
        names = [target.name for target in two_valued]
        alternative = Alternative(
            spec.model_copy(update={"target": tuple(names)}),
            patch(("add", "/target", names)),
            "to predict labels, create a job with these targets alone",
            "a job with these targets alone",
        )
        report.offer("warning", "/target", "labels_as_numbers", detail, alternative)


def _are_labels(targets: Sequence[ColumnSchema], report: Report) -> bool:
    """Return whether all have two classes, and report each that has not."""
    is_valid = True
    for index, target in enumerate(targets):
        if not is_label(target):
            pointer = target_pointer(index, len(targets))
            detail = f"{why_no_label(target)}. {describe_mixture(targets)}"
            report.problem(pointer, "not_two_classes", detail)
            is_valid = False
    return is_valid
