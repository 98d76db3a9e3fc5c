"""A traced step with the options that select a part of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Indices
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.options import ExplainOptions
from engine.explain.explanation.parameters import ParameterReader
from engine.explain.step_trace import StepTrace
from engine.explain.zeros.find_zeros import StepZeros


@dataclass(frozen=True)
class StepView:
    """A traced step, its layers and parameters by name, and the part to show.

    Attributes:
        trace: the step.
        options: what is shown.
        rows: the rows to show, as a slice of the kept ones.
        zeros: causes of the zeros of the step.
        groups: all layers of the spec by name, in forward order.
        parameters: readers of all parameters by name.
    """

    trace: StepTrace
    options: ExplainOptions
    rows: slice
    zeros: StepZeros
    groups: Mapping[str, LayerGroup]
    parameters: Mapping[str, ParameterReader]

    @property
    def shown(self) -> Indices:
        """Positions in the batch of the rows to show."""
        return self.trace.kept[self.rows]

    @property
    def is_whole(self) -> bool:
        """Whether all rows of the batch are kept."""
        return len(self.trace.kept) == self.trace.rows

    @property
    def formula_row(self) -> int | None:
        """The kept row whose numbers formulas have: the first that is shown; None without one."""
        shown = np.arange(len(self.trace.kept))[self.rows]
        return int(shown[0]) if len(shown) else None

    def has_edge_rows(self, layer: str) -> bool:
        """Return whether the edges of a layer have values per row."""
        return layer in self.options.units or len(self.shown) == 1

    def has_formulas(self, layer: str) -> bool:
        """Return whether the units of a layer are shown with formulas."""
        match self.options.formulas:
            case "all":
                return True
            case "selected":
                return layer in self.options.units
            case _:
                return False
