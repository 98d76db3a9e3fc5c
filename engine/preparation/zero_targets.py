"""The finding that rows whose target is 0 do not count in mape."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from engine.findings import Finding, FindingLevel, name_columns

Values = Mapping[str, NDArray[np.float64]]


def find_zero_targets(names: Sequence[str], values: Values) -> list[Finding]:
    """Return a finding if any target is 0; a warning if all of a split are: it has no mape.

    Args:
        names: names of the targets.
        values: targets in their own unit by the split's name, `(rows, targets)`.
    """
    columns = {name: _column(values, index) for index, name in enumerate(names)}
    columns = {name: column for name, column in columns.items() if _has_zero(column)}
    if not columns:
        return []
    first = next(iter(columns.values()))
    counts = " and ".join(
        f"{np.count_nonzero(y == 0)} of {len(y)} {split} rows" for split, y in first.items()
    )
    detail = f"mape divides by the target, which is 0 in {counts}: these rows do not count in mape"
    if len(names) > 1:
        detail = (
            f"mape divides by each target; rows with 0 do not count: {name_columns([*columns])}"
        )
    undefined = [
        split for split in values if any(not np.any(column[split]) for column in columns.values())
    ]
    if undefined:
        detail += f", which is undefined for the {' and '.join(undefined)} rows"
    level: FindingLevel = "warning" if undefined else "info"
    return [Finding(level, "/metrics", "zero_targets_in_mape", f"{detail}; mae counts all rows")]


def _column(values: Values, index: int) -> Values:
    """Return one target by split, `(rows,)`."""
    return {split: y[:, index] for split, y in values.items()}


def _has_zero(column: Values) -> bool:
    return any(bool(np.any(y == 0)) for y in column.values())
