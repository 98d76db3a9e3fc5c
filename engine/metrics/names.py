"""Properties of metrics, by name."""

from collections.abc import Iterable
from typing import TypeAlias

# A scalar; one number per class, None for a class without rows; or a matrix as a list of rows.
Metric: TypeAlias = float | list[float | None] | list[list[float]]

_PREFIX = "validation_"
_LOWER_IS_BETTER = {"loss", "log_loss", "mse", "rmse", "mae", "mape"}
_NOT_SCALAR = {"precision_per_class", "recall_per_class", "f1_per_class", "confusion_matrix"}


def is_higher_better(name: str) -> bool:
    """Return whether higher values of a metric are better; losses and errors are lower-better."""
    return name.removeprefix(_PREFIX) not in _LOWER_IS_BETTER


def scalar_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of the scalar metrics."""
    return tuple(name for name in names if name.removeprefix(_PREFIX) not in _NOT_SCALAR)
