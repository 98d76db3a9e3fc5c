"""Metrics of the folds of a cross-validation, and their mean and deviation."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.metrics import Metric
from engine.training.loop import CrossValidation

VALIDATION_PREFIX = "validation_"


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
