"""The finding that rows whose target is 0 do not count in mape."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.findings import Finding, FindingLevel


def find_zero_targets(values: Mapping[str, NDArray[np.float64]]) -> list[Finding]:
    """Return a finding if any target is 0; a warning if all of a split are: it has no mape.

    Args:
        values: targets in their own unit by the split's name, `(rows, 1)`.
    """
    zeros = {split: int(np.count_nonzero(y == 0)) for split, y in values.items()}
    if not any(zeros.values()):
        return []
    counts = " and ".join(f"{zeros[split]} of {len(y)} {split} rows" for split, y in values.items())
    detail = f"mape divides by the target, which is 0 in {counts}: these rows do not count in mape"
    undefined = [split for split, y in values.items() if zeros[split] == len(y)]
    if undefined:
        detail += f", and there is none of the {' and '.join(undefined)} rows"
    level: FindingLevel = "warning" if undefined else "info"
    return [Finding(level, "/metrics", "zero_targets_in_mape", f"{detail}; mae counts all rows")]
