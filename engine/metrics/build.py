"""Metric accumulator factory."""

from collections.abc import Sequence
from typing import assert_never

import numpy as np

from engine.data.split_arrays import SplitArrays
from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.buffered import BufferedClassMetric, BufferedRegressionMetric
from engine.metrics.error_sums import SquareSum
from engine.metrics.labels import BufferedLabelMetric, StreamingLabelMetric, needs_only_counts
from engine.metrics.reconstruction import ReconstructionMetric
from engine.metrics.regression import variation
from engine.metrics.streaming import (
    STREAMING_METRICS,
    StreamingClassMetric,
    StreamingRegressionMetric,
)
from engine.metrics.weighted import Weights
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    numbers_of,
)
from engine.specs import PROBABILITY_ACTIVATIONS, MetricName, ResolvedOutput


def build_accumulator(
    names: Sequence[MetricName], target: FittedTarget, split: SplitArrays, output: ResolvedOutput
) -> MetricAccumulator:
    """Build the cheapest accumulator that computes the requested metrics.

    Args:
        names: names of the metrics; they must suit the target.
        target: the fitted target.
        split: arrays of all rows of a pass, in any order.
        output: the network's output.
    """
    match target:
        case ClassTarget() if not records(names):
            return StreamingClassMetric(names)
        case ClassTarget():
            are_probabilities = output.activation in PROBABILITY_ACTIVATIONS
            return BufferedClassMetric(
                names, split, output.units, are_probabilities=are_probabilities
            )
        case NumericTarget() | NumericTargets():
            return _build_regression(names, numbers_of(target), split)
        case LabelTargets() if needs_only_counts(names):
            return StreamingLabelMetric(names, len(target.labels))
        case LabelTargets():
            return BufferedLabelMetric(names, split, len(target.labels))
        case InputsTarget():
            return ReconstructionMetric(names, split)
        case _:
            assert_never(target)


def _build_regression(
    names: Sequence[MetricName], targets: Sequence[NumericTarget], split: SplitArrays
) -> MetricAccumulator:
    if records(names):
        return BufferedRegressionMetric(names, split, targets)
    scales, spreads = [target.scale for target in targets], _variations(targets, split)
    return StreamingRegressionMetric(names, scales, spreads, split.x.dtype)


def records(names: Sequence[MetricName]) -> bool:
    """Return whether any of these metrics needs all outputs of a pass, not just running sums."""
    return not STREAMING_METRICS.issuperset(names)


def needs_values(names: Sequence[MetricName]) -> bool:
    """Return whether any of these metrics needs the numeric target in its own unit, in float64."""
    return "mape" in names


def _variations(targets: Sequence[NumericTarget], split: SplitArrays) -> list[SquareSum | None]:
    """Return Σ w (y − ȳ)² per target in the output's unit; None if y is constant in its own."""
    rows, weights = slice(0, len(split)), _read_weights(split)
    values = np.asarray(split.y[rows], np.float64)
    if weights is not None:
        counted = weights > 0
        values, weights = values[counted], weights[counted]
    with np.errstate(over="ignore", invalid="ignore"):
        return [
            variation(y, weights, target.scale, target.center)
            for target, y in zip(targets, values.T, strict=True)
        ]


def _read_weights(split: SplitArrays) -> Weights:
    if split.sample_weights is None:
        return None
    return np.asarray(split.sample_weights[0 : len(split)], np.float64)
