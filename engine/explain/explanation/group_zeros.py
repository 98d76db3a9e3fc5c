"""Causes of the zeros of one layer's units as plain values."""

from dataclasses import replace

import numpy as np

from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import flat_rows
from engine.explain.explanation.values import Quantity
from engine.explain.explanation.view import StepView
from engine.explain.explanation.zero_values import zero_of
from engine.explain.zeros.causes import Codes, cause_of
from engine.explain.zeros.find_zeros import LayerZeros
from engine.explain.zeros.texts import Place


class GroupZeros:
    """Reads the causes of the zeros of one layer and its activation.

    Args:
        view: the step and what is shown of it.
        group: the layer.
    """

    def __init__(self, view: StepView, group: LayerGroup) -> None:
        self._view, self._group = view, group
        layers = view.zeros.layers
        self._transform = layers[group.index]
        self._last: LayerZeros = layers[group.index + (group.activation is not None)]

    @property
    def z(self) -> Codes:
        """Of the values before the activation."""
        return self._transform.inputs if self._group.is_elementwise else self._transform.outputs

    @property
    def a(self) -> Codes:
        """Of the values after the activation."""
        is_output = self._group.loss_outputs is not None
        return self._view.zeros.outputs if is_output else self._last.outputs

    @property
    def a_gradient(self) -> Codes | None:
        """Of ∂L/∂a."""
        is_output = self._group.loss_outputs is not None
        return self._view.zeros.prediction_gradient if is_output else self._last.output_gradient

    @property
    def delta(self) -> Codes | None:
        """Of δ = ∂L/∂z."""
        if self._group.loss_outputs is not None:
            return self._view.zeros.output_gradient
        if self._group.is_elementwise:
            return self._transform.input_gradient
        return self._transform.output_gradient

    def add_to(self, quantity: Quantity | None, codes: Codes | None, unit: int) -> Quantity | None:
        """Return the gradients of a unit with the causes of those that are 0, if there are any."""
        return None if quantity is None or codes is None else self.add(quantity, codes, unit)

    def add(self, quantity: Quantity, codes: Codes, unit: int) -> Quantity:
        """Return the values of a unit with the causes of those that are 0."""
        if 0 not in quantity.rows:
            return quantity
        shown = flat_rows(codes)[self._view.rows, unit].tolist()
        causes = tuple(map(cause_of, shown))
        index = tuple(map(int, np.unravel_index(unit, self._group.out_shape)))
        # The activation is what sets values and gradients of its units to 0.
        layer = self._group.index + (self._group.activation is not None)
        place = Place(layer=layer, row=self._view.formula_row, unit=index)
        zero = zero_of(self._view.trace, shown[0], place)
        return replace(quantity, zeros=causes, zero=zero)
