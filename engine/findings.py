"""Findings: observations about a valid job that its owner should know."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

FindingLevel = Literal["warning", "info"]
# Each has an example in tests/engine/finding_examples.py, whose fix is applied by a test.
FindingCode = Literal[
    # The request and the table's schema.
    "batch_is_everything",
    "constant_feature",
    "few_rows",
    "group_left_out",
    "groups_of_one",
    "identifier",
    "labels_as_numbers",
    "missing_group",
    "missing_split",
    "missing_target",
    "no_bottleneck",
    "numbers_as_classes",
    "numbers_as_quantity",
    "preprocessing_of_model",
    "row_number",
    "rows_left_out",
    "slow_interruption",
    "starts_from_model",
    "test_and_validation_differ",
    "test_as_validation",
    "test_rows_seen",
    "text_left_out",
    "unused_column",
    "unused_fill_value",
    "unusual_loss",
    "validates_on_training_rows",
    "values_imputed",
    # The rows.
    "class_without_training_rows",
    "class_without_validation_rows",
    "constant_target_in_training",
    "incomplete_targets",
    "never_varies_in_training",
    "possible_leak",
    "rare_label_combinations",
    "unused_in_training",
    "zero_targets_in_mape",
    # The training.
    "accuracy_at_chance",
    "dying_relu",
    "exploding_gradients",
    "gradient_not_finite",
    "last_row_joined",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "loss_above_start",
    "metric_not_finite",
    "metric_undefined",
    "no_learning",
    "overfitting",
    "restored_after_divergence",
    "saturated_units",
    "validation_loss_above_start",
    "vanishing_gradients",
]
# Names beyond it are counted only: a table may have thousands of columns.
MAX_NAMES = 10
# A longer list of features is not written into a fix.
MAX_LISTED = 2000


@dataclass(frozen=True)
class Finding:
    """An observation about a valid spec, its data or its training.

    Attributes:
        level: warning if the result may not be what the client intended, else info.
        pointer: JSON pointer into the job's request.
        code: short stable name; a job has at most one finding per code and pointer.
        detail: explanation for a person.
        fix: changes after which the finding is gone, or that choose the alternative:
            `{"patch": […]}`, operations of a JSON Patch (RFC 6902) on the job's request, or
            `{"parameters": {…}}`, query parameters of the dataset's upload; None without a remedy.
        epoch: completed epochs when it was found; None before the first step.
    """

    level: FindingLevel
    pointer: str
    code: FindingCode
    detail: str
    fix: dict[str, Any] | None = None
    epoch: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        """Code and pointer, which identify the finding among those of its job."""
        return self.code, self.pointer


def patch(*operations: tuple[str, str, Any]) -> dict[str, Any]:
    """Return a fix from JSON Patch operations `(op, path, value)`; a removal has no value."""
    return {
        "patch": [
            {"op": op, "path": path} if op == "remove" else {"op": op, "path": path, "value": value}
            for op, path, value in operations
        ]
    }


def list_features(names: Sequence[str]) -> dict[str, Any] | None:
    """Return a fix that makes these columns the features; None if there are none or too many."""
    return patch(("add", "/features", list(names))) if 0 < len(names) <= MAX_LISTED else None


def join_feature_lists(
    features: Collection[str], findings: Sequence[Finding], earlier: Iterable[Finding] = ()
) -> list[Finding]:
    """Return the findings with fixes that list no feature which another finding leaves out.

    A fix replaces the whole list of features, so that otherwise the fix of one finding would bring
    back what the fix of another one leaves out. A fix that would list none is omitted.

    Args:
        features: the job's features.
        findings: findings whose fixes are computed for each of them alone.
        earlier: further findings of the job, which are not changed.
    """
    lists = (_listed_features(finding) for finding in (*findings, *earlier))
    unwanted: set[str] = set()
    for listed in lists:
        unwanted |= set() if listed is None else set(features).difference(listed)
    return [_without_features(finding, unwanted) for finding in findings]


def _listed_features(finding: Finding) -> list[str] | None:
    """Return the features that a finding's fix lists; None if it lists none."""
    operations = (finding.fix or {}).get("patch", ())
    lists = (operation["value"] for operation in operations if _lists_features(operation))
    return next(lists, None)


def _lists_features(operation: Mapping[str, Any]) -> bool:
    return operation["path"] == "/features" and "value" in operation


def _without_features(finding: Finding, unwanted: set[str]) -> Finding:
    listed = _listed_features(finding)
    if finding.fix is None or listed is None or unwanted.isdisjoint(listed):
        return finding
    rest = [name for name in listed if name not in unwanted]
    operations = [
        {**operation, "value": rest} if _lists_features(operation) else operation
        for operation in finding.fix["patch"]
    ]
    return replace(finding, fix={"patch": operations} if rest else None)


def describe_columns(names: Sequence[str]) -> str:
    """Return "column" or "columns" with their names, of which at most MAX_NAMES are listed."""
    return f"column{'s' if len(names) > 1 else ''} {name_columns(names)}"


def name_columns(names: Sequence[str]) -> str:
    """Return the quoted names, at most MAX_NAMES of them, and how many there are beyond those."""
    quoted = ", ".join(repr(name) for name in names[:MAX_NAMES])
    more = len(names) - MAX_NAMES
    return f"{quoted} and {more} more" if more > 0 else quoted


def name_by_reason(reasons: Mapping[str, str]) -> str:
    """Return the quoted names, at most MAX_NAMES, grouped by the reason for which each is named.

    Args:
        reasons: the reason of each name.
    """
    groups: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        groups.setdefault(reason, []).append(name)
    shown, left = [], MAX_NAMES
    for reason, names in groups.items():
        named = ", ".join(repr(name) for name in names[:left])
        shown += [f"{named} ({reason})"] if named else []
        left = max(left - len(names), 0)
    more = len(reasons) - MAX_NAMES
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
