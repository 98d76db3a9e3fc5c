"""Features that alone predict the target, which often hold the answer itself."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.rows import Rows
from engine.data.table import Column, NumericColumn, Table, count_rows
from engine.findings import Finding, list_features, name_by_reason, name_columns
from engine.preparation.association import (
    correlation_ratio,
    correlations,
    log_chance_of_ranges,
    log_chance_of_values,
    separated_by_range,
    separated_by_value,
)
from engine.preparation.leak_screen import screen
from engine.preprocessing.labels import ClassLabels, Labels, MultiLabels, NoLabels, NumberLabels
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec

# In fewer rows a coincidence looks like a leak.
MIN_ROWS = 20
MIN_CORRELATION = 0.999
# Coincidences that are accepted per job.
MAX_CHANCE = 0.001
# Columns that are confirmed on all rows, and bytes of their values in memory at once.
MAX_CONFIRMED = 100
GROUP_BYTES = 32 * 2**20
# Targets that are looked at; each takes a pass over the columns that may predict it.
MAX_TARGETS = 10


def find_leaks(
    spec: ResolvedSpec,
    table: Table,
    preprocessing: Preprocessing,
    x: Rows,
    labels: Labels,
    training: Indices,
    trained: Indices,
) -> list[Finding]:
    """Return a finding that names the features that alone predict a target.

    For classes: each value, or each range of values, has one class. For numbers: the correlation,
    or the correlation ratio of categories, exceeds 0.999.

    Args:
        spec: the training's spec.
        table: the table of the training rows.
        preprocessing: fitted on the training rows.
        x: inputs of the training rows.
        labels: targets of all rows of the table.
        training: indices of the training rows, those of `x`.
        trained: the training rows of positive weight, which decide.
    """
    if len(trained) < MIN_ROWS or isinstance(labels, NoLabels):
        return []
    are_classes = not isinstance(labels, NumberLabels)
    features = len(preprocessing.columns)
    seen: dict[str, str] = {}
    predicted: list[str] = []
    for target_name, values in _targets(spec, labels):
        if values[trained].min() == values[trained].max():
            continue
        names = screen(preprocessing, x, values[training])[:MAX_CONFIRMED]
        found = _find(table, names, values[trained], trained, features, are_classes=are_classes)
        predicted += [target_name] if found else []
        seen = found | seen
    return [_finding(spec, predicted, seen)] if seen else []


def _targets(
    spec: ResolvedSpec, labels: ClassLabels | NumberLabels | MultiLabels
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the first targets: numbers, or class indices."""
    if isinstance(labels, ClassLabels):
        yield spec.targets[0], labels.codes.astype(np.float64)
        return
    for index, name in enumerate(spec.targets[:MAX_TARGETS]):
        yield name, labels.values[:, index].astype(np.float64)


def _find(
    table: Table,
    names: Sequence[str],
    target: NDArray[np.float64],
    rows: Indices,
    features: int,
    *,
    are_classes: bool,
) -> dict[str, str]:
    """Return how each of these features alone predicts the target; others are omitted."""
    seen: dict[str, str] = {}
    for group in _groups(names, len(rows)):
        for name, values in _read(table, group, rows).items():
            reason = _describe(values, target, features, are_classes=are_classes)
            if reason is not None:
                seen[name] = reason
    return seen


def _groups(names: Sequence[str], rows: int) -> Iterator[Sequence[str]]:
    size = max(1, GROUP_BYTES // (8 * rows))
    for start in range(0, len(names), size):
        yield names[start : start + size]


def _read(
    table: Table, names: Sequence[str], rows: Indices
) -> dict[str, tuple[NDArray[np.float64], bool]]:
    """Return numbers or codes of the rows per column, and whether they are categories."""
    parts: dict[str, list[NDArray[np.float64]]] = {name: [] for name in names}
    codes: dict[str, dict[str | bool, int]] = {}
    start = 0
    for chunk in table.chunks(names):
        stop = start + count_rows(chunk[names[0]])
        first, last = np.searchsorted(rows, (start, stop)).tolist()
        for name in names:
            parts[name].append(_numbers(chunk[name], rows[first:last] - start, codes, name))
        start = stop
    return {name: (np.concatenate(parts[name]), name in codes) for name in names}


def _numbers(
    column: Column, rows: Indices, codes: dict[str, dict[str | bool, int]], name: str
) -> NDArray[np.float64]:
    if isinstance(column, NumericColumn):
        return column.values[rows]
    known = codes.setdefault(name, {})
    of_level = [known.setdefault(level, len(known)) for level in column.levels]
    # The last entry is for −1: a missing value is a level of its own.
    found: NDArray[np.float64] = np.array([*of_level, -1.0])[column.codes[rows]]
    return found


def _describe(
    column: tuple[NDArray[np.float64], bool],
    target: NDArray[np.float64],
    features: int,
    *,
    are_classes: bool,
) -> str | None:
    """Return how a column predicts the target; None if it does not."""
    values, is_categorical = column
    present = ~np.isnan(values)
    if not is_categorical and not present.all():
        reason = _describe_missing(present, target, features) if are_classes else None
        if reason is not None or present.mean() < 0.5 or present.sum() < MIN_ROWS:
            return reason
    values, target = values[present], target[present]
    if are_classes:
        codes = target.astype(np.intp)
        return _describe_classes(values, codes, features, has_order=not is_categorical)
    return _describe_number(values, target, is_categorical=is_categorical)


def _describe_missing(
    present: NDArray[np.bool_], target: NDArray[np.float64], features: int
) -> str | None:
    """Return whether it is decisive that a value is missing."""
    codes = target.astype(np.intp)
    values = present.astype(np.float64)
    if _describe_classes(values, codes, features, has_order=False) is None:
        return None
    return "a missing value decides the class"


def _describe_classes(
    values: NDArray[np.float64], codes: Indices, features: int, *, has_order: bool
) -> str | None:
    limit = math.log(MAX_CHANCE / features)
    column = values[:, np.newaxis]
    if len(np.unique(codes)) < 2:
        return None
    distinct = len(np.unique(values))
    is_repeated = distinct <= len(values) // 2
    is_beyond_chance = log_chance_of_values(len(values) - distinct, codes) < limit
    if is_repeated and is_beyond_chance and separated_by_value(column, codes)[0]:
        return "each value has one class"
    if has_order and log_chance_of_ranges(codes) < limit and separated_by_range(column, codes)[0]:
        return "each class has a range of values of its own"
    return None


def _describe_number(
    values: NDArray[np.float64], target: NDArray[np.float64], *, is_categorical: bool
) -> str | None:
    if not is_categorical:
        correlation = float(correlations(values[:, np.newaxis], target)[0])
        return f"correlation {correlation:.5f}" if correlation > MIN_CORRELATION else None
    levels, groups = np.unique(values, return_inverse=True)
    ratio = correlation_ratio(groups, target)
    # With few rows per level, the mean of a level is little else than its row.
    is_repeated = len(levels) > 1 and len(levels) <= len(values) // 5
    return "each value has one target value" if is_repeated and ratio > MIN_CORRELATION else None


def _finding(spec: ResolvedSpec, predicted: Sequence[str], seen: Mapping[str, str]) -> Finding:
    columns, predict = ("column", "predicts") if len(seen) == 1 else ("columns", "predict")
    detail = (
        f"{columns} {name_by_reason(seen)} alone {predict} the target {name_columns(predicted)} "
        "in the training rows; leave out what is known only after the target is"
    )
    others = [name for name in spec.features if name not in seen]
    fix = list_features(others) if spec.input_shape is None else None
    return Finding("warning", "/features", "possible_leak", detail, fix)
