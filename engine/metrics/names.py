"""Properties of metrics, by name."""

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

# A scalar; a list of one number per class, target or label, None where it is undefined; or a matrix
# as a list of rows.
Metric: TypeAlias = float | list[float | None] | list[list[float]]

_PREFIX = "validation_"
_LOWER_IS_BETTER = {"loss", "log_loss", "mse", "rmse", "mae", "mape"}
PER_TARGET = "_per_target"
PER_LABEL = "_per_label"
_NOT_SCALAR = ("_per_class", PER_TARGET, PER_LABEL, "confusion_matrix")


def is_higher_better(name: str) -> bool:
    """Return whether higher values of a metric are better; losses and errors are lower-better."""
    return name.removeprefix(_PREFIX) not in _LOWER_IS_BETTER


def scalar_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the scalar metrics."""
    return tuple(name for name in names if not name.endswith(_NOT_SCALAR))


def mean_and_list(
    name: str, suffix: str, values: Sequence[float | None]
) -> dict[str, Metric | None]:
    """Return a metric as the mean of its values where it is defined, and as the list of them.

    The mean is NaN if a value is not finite.
    """
    defined = [value for value in values if value is not None]
    return {name: _mean(defined) if defined else None, name + suffix: [*values]}


def _mean(values: Sequence[float]) -> float:
    if not all(map(math.isfinite, values)):
        return math.nan
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.fsum(value / len(values) for value in values)
