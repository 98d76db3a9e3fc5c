"""How good the outputs are: metrics, and tallies that are told of a pass batch by batch."""

from engine.metrics.build import build_tally
from engine.metrics.names import Metric, is_higher_better, scalar_names
from engine.metrics.tally import Tally

__all__ = ["Metric", "Tally", "build_tally", "is_higher_better", "scalar_names"]
