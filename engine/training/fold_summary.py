"""Mean and standard deviation of the validation metrics over the folds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.metrics import Metric

VALIDATION_PREFIX = "validation_"


@dataclass(frozen=True)
class CrossValidation:
    """Summary of cross-validation.

    Attributes:
        folds: number of folds of all repeats.
        metrics: `loss` and every scalar metric by name, on the validation rows: its mean over the
            folds, its std (population standard deviation), and its values per fold, None where
            undefined. They are of each fold's best epoch if the best is kept, else of its last.
    """

    folds: int
    metrics: dict[str, dict[str, Any]]


def validation_metrics(values: Mapping[str, Metric]) -> dict[str, float]:
    """Return the scalar validation metrics, without their prefix."""
    return {
        name.removeprefix(VALIDATION_PREFIX): value
        for name, value in values.items()
        if name.startswith(VALIDATION_PREFIX) and isinstance(value, float)
    }


def summarize(results: list[dict[str, float]]) -> CrossValidation:
    """Return mean and standard deviation of each metric over the folds where it is defined."""
    names = dict.fromkeys(name for result in results for name in result)
    return CrossValidation(
        folds=len(results),
        metrics={name: _summary([result.get(name) for result in results]) for name in names},
    )


def _summary(values: list[float | None]) -> dict[str, Any]:
    defined = np.array([value for value in values if value is not None])
    # Scaled by the largest magnitude, so that no sum of squares overflows.
    largest = float(np.abs(defined).max()) or 1.0
    scaled = defined / largest
    mean, std = float(scaled.mean()) * largest, float(scaled.std()) * largest
    return {"mean": mean, "std": std, "values": values}
