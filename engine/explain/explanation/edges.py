"""Edges into a unit as plain values."""

import math
from dataclasses import replace

import numpy as np

from engine.arrays import Floats, Indices
from engine.explain.explanation.formulas.units import UnitFormulas
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import (
    flat_rows,
    largest,
    number,
    numbers,
    share_of,
    unit_rows,
)
from engine.explain.explanation.values import Edge, FormulaText, ParameterEntry, Quantity
from engine.explain.explanation.view import StepView
from engine.explain.explanation.zero_values import zero_of
from engine.explain.fan_in import FanIn
from engine.explain.zeros.causes import Cause, Codes, cause_of, choose, code_of
from engine.explain.zeros.sums import zeros_of_products
from engine.explain.zeros.texts import Place


class EdgeReader:
    """Reads the edges into one unit.

    Args:
        view: the step and what is shown of it.
        group: the unit's layer.
        fan_in: the unit's edges.
        unit: index of the unit in row-major order.
        delta_zeros: causes of the zeros of the layer's δ; None without δ.
        formulas: writer of formulas; None if they are not shown.
    """

    def __init__(
        self,
        view: StepView,
        group: LayerGroup,
        fan_in: FanIn,
        unit: int,
        delta_zeros: Codes | None,
        formulas: UnitFormulas | None,
    ) -> None:
        self._view, self._group, self._fan_in, self._formulas = view, group, fan_in, formulas
        inputs, codes = group.transform.inputs, view.zeros.layers[group.index].inputs
        self._means = inputs.mean.reshape(-1)
        self._x = _take(flat_rows(inputs.rows), fan_in.sources)
        padding = code_of(Cause.PADDING, group.index)
        found = flat_rows(codes)[:, fan_in.sources]
        self._x_zeros = choose((fan_in.sources < 0, padding), otherwise=found)
        delta = group.delta
        self._delta = None if delta is None else unit_rows(delta, unit)
        self._delta_zeros = None
        if delta_zeros is not None:
            self._delta_zeros = flat_rows(delta_zeros)[:, unit]

    def read(self) -> tuple[tuple[Edge, ...], int, float | None]:
        """Return the largest edges, the number of the others, and the share of those shown."""
        contributions, terms = self._contributions(), self._terms()
        has_gradient = contributions is not None and bool(np.any(contributions))
        ranks = contributions if has_gradient and contributions is not None else terms
        shown = largest(ranks, self._view.options.top)
        share = share_of(contributions[shown], contributions) if contributions is not None else None
        return tuple(self._edge(edge) for edge in shown.tolist()), len(ranks) - len(shown), share

    def _terms(self) -> Floats:
        """Return w · x of each edge, x being the mean of the kept rows."""
        x = self._x.mean(axis=0, dtype=np.float64)
        if self._fan_in.parameter is None or self._fan_in.weights is None:
            return np.asarray(x)
        weights = self._view.parameters[self._fan_in.parameter].trace.before
        return np.asarray(x * weights.reshape(-1)[self._fan_in.weights])

    def _contributions(self) -> Floats | None:
        """Return Σ x · δ of each edge: over the batch where it is known, else over kept rows."""
        if self._fan_in.parameter is None or self._delta is None:
            return None
        whole = self._gradient()
        return np.asarray(self._delta.astype(np.float64) @ self._x) if whole is None else whole

    def _gradient(self) -> Floats | None:
        """Return the gradients of the weights if each belongs to a single unit."""
        if self._fan_in.parameter is None or self._fan_in.weights is None:
            return None
        gradient = self._view.parameters[self._fan_in.parameter].trace.loss_gradient
        if gradient is None or len(self._group.out_shape) > 1:
            return None
        return gradient.reshape(-1)[self._fan_in.weights]

    def _edge(self, edge: int) -> Edge:
        fan_in, source = self._fan_in, int(self._fan_in.sources[edge])
        weight, entry = fan_in.fixed, None
        if fan_in.parameter is not None and fan_in.weights is not None:
            flat = int(fan_in.weights[edge])
            reader = self._view.parameters[fan_in.parameter]
            entry, weight = reader.entry(flat), float(reader.trace.before.flat[flat])
        x, mean = self._x[:, edge], 0.0 if source < 0 else float(self._means[source])
        shape, codes = self._group.transform.layer.in_shape, self._x_zeros[:, edge]
        return Edge(
            source=None if source < 0 else tuple(map(int, np.unravel_index(source, shape))),
            parameter=fan_in.parameter,
            weight=None if weight is None else number(weight),
            input=self._quantity(mean, x, codes),
            term=None if weight is None else self._term(weight, mean, x, codes),
            contribution=self._contribution(edge),
            entry=entry,
            formulas=self._formulas_of(entry),
        )

    def _formulas_of(self, entry: ParameterEntry | None) -> tuple[FormulaText, ...]:
        parameter = self._fan_in.parameter
        if self._formulas is None or parameter is None or entry is None:
            return ()
        return self._formulas.of_entry(parameter, entry)

    def _term(self, weight: float, mean: float, x: Floats, codes: Codes) -> Quantity:
        weights = np.full_like(x, weight)
        of_weight = np.full_like(codes, code_of(Cause.ZERO_WEIGHT, self._group.index))
        terms = weights * x
        zeros = zeros_of_products(terms, (x, codes), (weights, of_weight), layer=self._group.index)
        return self._quantity(weight * mean, terms, zeros)

    def _contribution(self, edge: int) -> Quantity | None:
        if self._fan_in.parameter is None or self._delta is None or self._delta_zeros is None:
            return None
        x, whole = self._x[:, edge], self._gradient()
        products = x * self._delta
        if whole is not None:
            total = float(whole[edge])
        else:
            total = float(products.sum(dtype=np.float64)) if self._view.is_whole else math.nan
        factors = (x, self._x_zeros[:, edge]), (self._delta, self._delta_zeros)
        zeros = zeros_of_products(products, *factors, layer=self._group.index)
        return self._quantity(total, products, zeros)

    def _quantity(self, batch: float, rows: Floats, codes: Codes) -> Quantity:
        """Return the values of the rows that are shown, if the unit's edges show rows."""
        view = self._view
        if not view.has_edge_rows(self._group.name):
            return Quantity(number(batch), ())
        shown = Quantity(number(batch), numbers(rows[view.rows]))
        if 0 not in shown.rows:
            return shown
        found = codes[view.rows].tolist()
        zero = zero_of(view.trace, found[0], Place(row=view.formula_row))
        return replace(shown, zeros=tuple(map(cause_of, found)), zero=zero)


def _take(values: Floats, sources: Indices) -> Floats:
    """Return the columns `(rows, edges)` of a layer's inputs; 0 for padding."""
    return np.where(sources < 0, 0, values[:, sources]).astype(values.dtype)
