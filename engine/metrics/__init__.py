"""How good the outputs are: metrics, and tallies that are told of a pass batch by batch."""

from engine.metrics.accumulator import Tally
from engine.metrics.build import build_tally
from engine.metrics.names import Metric, is_higher_better, scalar_names

__all__ = ["Metric", "Tally", "build_tally", "is_higher_better", "scalar_names"]
