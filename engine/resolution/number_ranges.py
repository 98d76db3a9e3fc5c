"""Ranges of numbers that cannot be scaled, or that a dtype cannot hold."""

import math

import numpy as np

from engine.data.table import ColumnSchema
from engine.preprocessing.fit.numbers import SMALLEST_SCALE
from engine.resolution.certain_rows import CertainRows
from engine.specs import NumericScaling

# A number is rounded to infinity from half a unit in the last place above the largest one.
_OVERFLOW = {"float32": 2.0**128 - 2.0**103, "float64": math.inf}
# Half of the largest number, and a tolerance for the rounding of a mean.
_HALF = float(np.finfo(np.float64).max) / 2 * (1 + 1e-9)


def range_of(column: ColumnSchema) -> tuple[float, float] | None:
    """Return the smallest and the largest number of a column; None if they are unknown."""
    if column.kind != "numeric" or column.minimum is None or column.maximum is None:
        return None
    return column.minimum, column.maximum


def describe_range(column: ColumnSchema) -> str:
    """Return the column's name and range, as the subject of a message."""
    least, most = range_of(column) or (math.nan, math.nan)
    return f"the numbers of column {column.name!r}, from {least:.3g} to {most:.3g},"


def overflows(
    column: ColumnSchema, dtype: str, center: float = 0.0, scale: float = 1.0
) -> tuple[bool, bool]:
    """Return whether any, and whether all, scaled numbers of a column overflow in the dtype."""
    ends, limit = range_of(column), _OVERFLOW[dtype]
    if ends is None:
        return False, False
    least, most = ((end - center) / scale for end in ends)
    return max(most, -least) >= limit, least >= limit or most <= -limit


def are_equal(column: ColumnSchema, dtype: str) -> bool:
    """Return whether numbers that differ are all equal, and finite, in the dtype."""
    ends = range_of(column)
    if ends is None or ends[0] == ends[1]:
        return False
    with np.errstate(all="ignore"):
        least, most = np.array(ends).astype(dtype)
    return bool(np.isfinite(least) and least == most)


def find_scaling_problem(
    column: ColumnSchema, scaling: NumericScaling, rows: CertainRows, *, is_needed: bool
) -> tuple[str, str] | None:
    """Return code and reason of numbers whose scale must underflow or overflow; None without.

    Args:
        column: schema of the column.
        scaling: its scaling.
        rows: the fewest rows that are used.
        is_needed: whether rows without a value are left out.
    """
    ends = range_of(column)
    if ends is None or scaling == "none":
        return None
    if 0 < ends[1] - ends[0] < SMALLEST_SCALE and rows.varies(column):
        reason = f"differ by less than {SMALLEST_SCALE:.3g}, too little to be scaled"
        return "range_too_small", f"{describe_range(column)} {reason}: multiply them by a constant"
    if rows.trains_on_all(column, is_needed=is_needed) and _scale_overflows(column, *ends, scaling):
        reason = "are too far apart to be scaled: divide them by a constant"
        return "range_too_large", f"{describe_range(column)} {reason}"
    return None


def _scale_overflows(
    column: ColumnSchema, least: float, most: float, scaling: NumericScaling
) -> bool:
    """Return whether the range (min_max), or a deviation from the mean, is beyond float64."""
    if scaling == "min_max":
        return math.isinf(most - least)
    if scaling != "standardize" or column.mean is None:
        return False
    mean = column.mean / 2
    return max(most / 2 - mean, mean - least / 2) > _HALF
