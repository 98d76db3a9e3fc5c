"""Metric accumulator factory."""

from collections.abc import Sequence
from typing import Any, assert_never

import numpy as np

from engine.arrays import Targets
from engine.data.rows import Rows
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.buffered import BufferedClassMetric, BufferedRegressionMetric
from engine.metrics.reconstruction import ReconstructionMetric
from engine.metrics.streaming import (
    STREAMING_METRICS,
    StreamingClassMetric,
    StreamingRegressionMetric,
)
from engine.preprocessing.fitted import ClassTarget, FittedTarget, InputsTarget, NumericTarget
from engine.specs import MetricName


def build_accumulator(
    names: Sequence[MetricName],
    target: FittedTarget,
    y: Rows,
    outputs: int,
    dtype: np.dtype[Any],
) -> MetricAccumulator:
    """Build the cheapest accumulator that computes the requested metrics.

    Args:
        names: names of the metrics; they must suit the target.
        target: the fitted target: classes, a number, or the inputs.
        y: targets of all rows of a pass, in any order.
        outputs: number of network outputs.
        dtype: dtype of the outputs.
    """
    match target:
        case ClassTarget() if not records(names):
            return StreamingClassMetric(names)
        case ClassTarget():
            return BufferedClassMetric(names, len(y), outputs, dtype)
        case NumericTarget() if not records(names):
            return StreamingRegressionMetric(names, target.scale, _variation(y[0 : len(y)]), dtype)
        case NumericTarget():
            return BufferedRegressionMetric(names, target, len(y), dtype)
        case InputsTarget():
            return ReconstructionMetric(names, y, dtype)
        case _:
            assert_never(target)


def records(names: Sequence[MetricName]) -> bool:
    """Return whether any of these metrics needs all outputs of a pass, not just running sums."""
    return not STREAMING_METRICS.issuperset(names)


def _variation(y: Targets) -> float:
    """Return Σ (y − ȳ)²."""
    values = np.asarray(y, np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.sum((values - values.mean()) ** 2))
