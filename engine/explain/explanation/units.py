"""Units of a traced layer as plain values: their numbers, and the edges into them."""

import math

import numpy as np

from engine.arrays import Floats, Indices
from engine.explain.explanation.formulas.units import UnitFormulas
from engine.explain.explanation.group_zeros import GroupZeros
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import (
    gradient_of,
    largest,
    number,
    numbers,
    share_of,
    unit_rows,
    value_of,
)
from engine.explain.explanation.values import (
    Edge,
    FormulaText,
    ParameterEntry,
    Quantity,
    UnitExplanation,
)
from engine.explain.explanation.view import StepView
from engine.explain.fan_in import FanIn, find_fan_in


class UnitReader:
    """Reads the units of one layer.

    Args:
        view: the step and what is shown of it.
        group: the layer with its activation.
    """

    def __init__(self, view: StepView, group: LayerGroup) -> None:
        self._view, self._group, self._parameters = view, group, view.parameters
        self._inputs = group.transform.inputs
        self._x = self._inputs.rows.reshape(len(self._inputs.rows), -1)
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
            ranks = self._ranks(fan_in, unit)
            shown = largest(ranks, view.options.top)
            edges = tuple(self._edge(fan_in, unit, edge) for edge in shown.tolist())
            left_out, share = len(ranks) - len(shown), share_of(ranks[shown], ranks)
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
            active_rows=int(group.a.nonzero.reshape(-1)[unit]),
            bias=bias,
            bias_formulas=self._entry_formulas(name, bias),
            edges=edges,
            edges_left_out=left_out,
            edges_share=share,
            formulas=() if self._formulas is None else self._formulas.of_unit(unit),
        )

    def _delta_rows(self, unit: int) -> Floats | None:
        delta = self._group.delta
        return None if delta is None else unit_rows(delta, unit)

    def _ranks(self, fan_in: FanIn, unit: int) -> Floats:
        """Return what edges are ranked by: contributions to the gradient, else to the value."""
        delta, x = self._delta_rows(unit), _take(self._x, fan_in.sources)
        if fan_in.weights is None or fan_in.parameter is None:
            return np.asarray(x.mean(axis=0, dtype=np.float64))
        if delta is None:
            weights = self._parameters[fan_in.parameter].trace.before.reshape(-1)[fan_in.weights]
            return np.asarray(x.mean(axis=0, dtype=np.float64) * weights)
        whole = self._whole_contribution(fan_in)
        return np.asarray(delta.astype(np.float64) @ x) if whole is None else whole

    def _whole_contribution(self, fan_in: FanIn) -> Floats | None:
        """Return Σ x · δ over all rows if it is the gradient: of weights of a single unit."""
        if fan_in.parameter is None or fan_in.weights is None:
            return None
        gradient = self._parameters[fan_in.parameter].trace.loss_gradient
        if gradient is None or len(self._group.out_shape) > 1:
            return None
        return gradient.reshape(-1)[fan_in.weights]

    def _edge(self, fan_in: FanIn, unit: int, edge: int) -> Edge:
        source = int(fan_in.sources[edge])
        x = _take(self._x, fan_in.sources[edge : edge + 1])[:, 0]
        weight, entry = fan_in.fixed, None
        if fan_in.parameter is not None and fan_in.weights is not None:
            flat = int(fan_in.weights[edge])
            reader = self._parameters[fan_in.parameter]
            entry, weight = reader.entry(flat), float(reader.trace.before.flat[flat])
        shape = self._group.transform.layer.in_shape
        mean = 0.0 if source < 0 else float(self._inputs.mean.reshape(-1)[source])
        return Edge(
            source=None if source < 0 else tuple(map(int, np.unravel_index(source, shape))),
            parameter=fan_in.parameter,
            weight=None if weight is None else number(weight),
            input=self._quantity(mean, x),
            term=None if weight is None else self._quantity(weight * mean, weight * x),
            contribution=self._contribution(fan_in, unit, edge, x),
            entry=entry,
            formulas=self._entry_formulas(fan_in.parameter, entry),
        )

    def _entry_formulas(
        self, parameter: str | None, entry: ParameterEntry | None
    ) -> tuple[FormulaText, ...]:
        if self._formulas is None or parameter is None or entry is None:
            return ()
        return self._formulas.of_entry(parameter, entry)

    def _contribution(self, fan_in: FanIn, unit: int, edge: int, x: Floats) -> Quantity | None:
        delta = self._delta_rows(unit)
        if fan_in.parameter is None or delta is None:
            return None
        whole, products = self._whole_contribution(fan_in), x * delta
        if whole is not None:
            return self._quantity(float(whole[edge]), products)
        total = float(products.sum(dtype=np.float64)) if self._view.is_whole else math.nan
        return self._quantity(total, products)

    def _quantity(self, batch: float, rows: Floats) -> Quantity:
        has_rows = self._group.name in self._view.options.units
        return Quantity(number(batch), numbers(rows[self._view.rows]) if has_rows else ())


def _take(x: Floats, sources: Indices) -> Floats:
    """Return the input columns `(rows, edges)`; 0 for padding."""
    return np.where(sources < 0, 0, x[:, sources]).astype(x.dtype)
