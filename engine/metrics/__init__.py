"""Metrics, and accumulators that compute them batch by batch over a pass."""

from engine.metrics.accumulator import MetricAccumulator
from engine.metrics.build import build_accumulator
from engine.metrics.names import Metric, is_higher_better, scalar_names

__all__ = ["Metric", "MetricAccumulator", "build_accumulator", "is_higher_better", "scalar_names"]
