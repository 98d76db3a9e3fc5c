"""Units of a traced layer as plain values: their numbers, and the edges into them."""

import numpy as np

from engine.explain.explanation.edges import EdgeReader
from engine.explain.explanation.formulas.units import UnitFormulas
from engine.explain.explanation.group_zeros import GroupZeros
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import (
    gradient_of,
    value_of,
)
from engine.explain.explanation.slopes import slope_of
from engine.explain.explanation.values import (
    Edge,
    FormulaText,
    ParameterEntry,
    UnitExplanation,
)
from engine.explain.explanation.view import StepView
from engine.explain.fan_in import find_fan_in


class UnitReader:
    """Reads the units of one layer.

    Args:
        view: the step and what is shown of it.
        group: the layer with its activation.
    """

    def __init__(self, view: StepView, group: LayerGroup) -> None:
        self._view, self._group, self._parameters = view, group, view.parameters
        self._zeros = GroupZeros(view, group)
        self._formulas = UnitFormulas(view, group) if view.has_formulas(group.name) else None

    def unit(self, unit: int) -> UnitExplanation:
        """Return one unit, counted in row-major order."""
        group, view = self._group, self._view
        rows, count = view.rows, view.trace.rows
        fan_in = find_fan_in(group.transform.layer, unit)
        zeros = self._zeros
        delta = gradient_of(group.delta, unit, rows, count)
        a_gradient = gradient_of(group.a_gradient, unit, rows, count)
        edges: tuple[Edge, ...] = ()
        left_out, share, bias, name = 0, None, None, None
        if fan_in is not None:
            reader = EdgeReader(view, group, fan_in, unit, zeros.delta, self._formulas)
            edges, left_out, share = reader.read()
            name = fan_in.bias
            if name is not None:
                bias = self._parameters[name].entry(fan_in.bias_index)
        return UnitExplanation(
            unit=unit,
            index=tuple(int(i) for i in np.unravel_index(unit, group.out_shape)),
            z=zeros.add(value_of(group.z, unit, rows), zeros.z, unit),
            a=zeros.add(value_of(group.a, unit, rows), zeros.a, unit),
            a_gradient=zeros.add_to(a_gradient, zeros.a_gradient, unit),
            delta=zeros.add_to(delta, zeros.delta, unit),
            slope=slope_of(group, unit, rows),
            active_rows=int(group.a.nonzero.reshape(-1)[unit]),
            bias=bias,
            bias_formulas=self._entry_formulas(name, bias),
            edges=edges,
            edges_left_out=left_out,
            edges_share=share,
            formulas=() if self._formulas is None else self._formulas.of_unit(unit),
        )

    def _entry_formulas(
        self, parameter: str | None, entry: ParameterEntry | None
    ) -> tuple[FormulaText, ...]:
        if self._formulas is None or parameter is None or entry is None:
            return ()
        return self._formulas.of_entry(parameter, entry)
