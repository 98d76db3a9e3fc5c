"""What can be said of a metric by its name alone."""

from collections.abc import Iterable
from typing import TypeAlias

# A number; one number a class; or a table of rows.
Metric: TypeAlias = float | list[float] | list[list[float]]

_PREFIX = "validation_"
_FALLING = {"loss", "log_loss", "mse", "rmse", "mae", "mape"}
_TABLES = {"precision_per_class", "recall_per_class", "f1_per_class", "confusion_matrix"}


def is_higher_better(name: str) -> bool:
    """Whether a metric gets better by rising; losses and errors get better by falling."""
    return name.removeprefix(_PREFIX) not in _FALLING


def scalar_names(names: Iterable[str]) -> tuple[str, ...]:
    """Those of the names that stand for a single number."""
    return tuple(name for name in names if name.removeprefix(_PREFIX) not in _TABLES)
