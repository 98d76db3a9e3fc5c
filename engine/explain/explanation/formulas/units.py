"""Formulas of the units of a layer, with the numbers of one row, and of the edges into them."""

from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np

from engine.arrays import Floats
from engine.explain.explanation.formulas.gradients import gradient_formula
from engine.explain.explanation.formulas.layers import layer_formulas
from engine.explain.explanation.formulas.letters import LayerLetters
from engine.explain.explanation.formulas.loss import output_row, share_of_row
from engine.explain.explanation.formulas.parameters import entry_formulas
from engine.explain.explanation.formulas.texts import until_overflow, write_formula
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import unit_rows
from engine.explain.explanation.values import FormulaText, ParameterEntry
from engine.explain.explanation.view import StepView
from engine.explain.formulas import Formula
from engine.explain.formulas.activations import activation, delta, softmax, softmax_delta
from engine.explain.formulas.layers.dense import (
    input_gradient,
    row_weight_gradient,
    weighted_sum,
)
from engine.explain.formulas.losses import logit_gradient, output_gradient, prediction
from engine.explain.formulas.losses.error_terms import ErrorLossSpec
from engine.explain.formulas.renaming import rename
from engine.explain.step_trace import Recorded
from engine.layers.dense import Dense


class UnitFormulas:
    """Writes the formulas of one layer.

    Args:
        view: the step and what is shown of it.
        group: the layer with its activation.
    """

    def __init__(self, view: StepView, group: LayerGroup) -> None:
        self._view, self._group, self._row = view, group, view.formula_row
        self._is_output = group.loss_outputs is not None
        self._letters = LayerLetters(view, group)

    def of_unit(self, unit: int) -> tuple[FormulaText, ...]:
        """Return the formulas of a unit's z, a, ∂L/∂a and δ that apply."""
        if self._row is None or self._view.trace.diverged_in is not None:
            return ()
        return until_overflow(self._of_unit(unit, self._row))

    def _of_unit(self, unit: int, row: int) -> Iterator[FormulaText]:
        group = self._group
        z, a = float(unit_rows(group.z, unit)[row]), float(unit_rows(group.a, unit)[row])
        if isinstance(group.transform.layer, Dense):
            yield self._weighted_sum(unit, row, z)
        yield from layer_formulas(self._view, group, self._letters, unit, row)
        name = getattr(group.spec, "activation", None)
        if name is not None:
            is_softmax = name == "softmax"
            formula = (
                softmax(_flat(group.z, row), unit) if is_softmax else activation(name, z, unit)
            )
            yield self._write("a", self._predicted(formula, unit, row), a)
        if self._is_output:
            yield from self._gradient_at_output(unit, row)
        elif group.a_gradient is not None and group.delta is not None:
            yield from self._hidden_gradients(unit, row, z, a)

    def _write(self, of: str, formula: Formula, value: float | None) -> FormulaText:
        letters = self._letters.logits if self._is_output else self._letters.own
        return write_formula(of, rename(formula, letters), value)

    def _predicted(self, formula: Formula, unit: int, row: int) -> Formula:
        """Return the formula of an output with the name that the loss gives to it."""
        if not self._is_output:
            return formula
        loss = self._view.trace.inputs.spec.loss
        left = prediction(loss, output_row(self._view, row), unit)
        return replace(formula, left=replace(left, value=formula.value))

    def _weighted_sum(self, unit: int, row: int, z: float) -> FormulaText:
        group = self._group
        weights = self._weights(group)[:, unit]
        bias = self._view.parameters.get(f"{group.name}.bias")
        formula = weighted_sum(
            _flat(group.transform.inputs, row),
            weights.tolist(),
            None if bias is None else float(bias.trace.before[unit]),
            unit,
            letter=self._letters.input_letter,
        )
        return write_formula("z", rename(formula, self._letters.forward), z)

    def _weights(self, group: LayerGroup) -> Floats:
        return self._view.parameters[f"{group.name}.weight"].trace.before

    def _gradient_at_output(self, unit: int, row: int) -> Iterator[FormulaText]:
        view = self._view
        loss, share = view.trace.inputs.spec.loss, share_of_row(view, row)
        values = output_row(view, row)
        if isinstance(loss, get_args(ErrorLossSpec)):
            formula = output_gradient(loss, values, unit, share)
            yield self._write("a_gradient", formula, self._value(self._group.a_gradient, unit))
        if self._group.delta is not None:
            value = float(unit_rows(self._group.delta, unit)[row])
            yield self._write("delta", logit_gradient(loss, values, unit, share), value)

    def _hidden_gradients(self, unit: int, row: int, z: float, a: float) -> Iterator[FormulaText]:
        group = self._group
        assert group.a_gradient is not None  # noqa: S101 - checked by the caller
        assert group.delta is not None  # noqa: S101 - likewise
        gradient = float(unit_rows(group.a_gradient, unit)[row])
        following = self._dense_after()
        if following is not None and following.delta is not None:
            deltas, weights = _flat(following.delta, row), self._weights(following)[unit]
            backward = input_gradient(weights.tolist(), deltas, unit)
            letters = self._letters.backward(following.name)
            yield write_formula("a_gradient", rename(backward, letters), gradient)
        value = float(unit_rows(group.delta, unit)[row])
        name = getattr(group.spec, "activation", None)
        if name == "softmax":
            gradients = _flat(group.a_gradient, row)
            yield self._write("delta", softmax_delta(gradients, _flat(group.a, row), unit), value)
        elif name is not None:
            yield self._write("delta", delta(name, gradient, z, a, unit), value)

    def _value(self, recorded: Recorded | None, unit: int) -> float | None:
        if recorded is None or self._row is None:
            return None
        return float(unit_rows(recorded, unit)[self._row])

    def _dense_after(self) -> LayerGroup | None:
        """Return the dense layer that reads this layer's outputs, if it is one."""
        names = [*self._view.groups]
        prefix = self._group.name.rpartition(".")[0]
        following = self._view.groups.get(names[names.index(self._group.name) + 1])
        if following is None or not isinstance(following.transform.layer, Dense):
            return None
        is_beside = following.name == "output" or following.name.rpartition(".")[0] == prefix
        return following if is_beside and prefix == "layers" else None

    def of_entry(self, parameter: str, entry: ParameterEntry) -> tuple[FormulaText, ...]:
        """Return the formulas of one number of a parameter, from its gradient to its new value."""
        if self._row is None:
            return ()
        return until_overflow(self._of_entry(parameter, entry))

    def _of_entry(self, parameter: str, entry: ParameterEntry) -> Iterator[FormulaText]:
        view = self._view
        letter = self._letters.input_letter
        formula = gradient_formula(view, self._group, parameter, entry.index, letter)
        known = self._letters.parameter_letter(parameter)
        letters = {**self._letters.gradients, **self._letters.entry(known, entry.index)}
        if formula is not None:
            yield write_formula("loss_gradient", rename(formula, letters), entry.loss_gradient)
        elif (of_row := self._row_gradient(parameter, entry.index)) is not None:
            yield write_formula("row_gradient", rename(of_row, letters))
        yield from entry_formulas(view.trace, view.parameters[parameter], self._letters, entry)

    def _row_gradient(self, parameter: str, index: tuple[int, ...]) -> Formula | None:
        """Return the share of one row in a dense weight's gradient, if the batch is too large."""
        group, row = self._group, self._row
        deltas = group.delta
        is_weight = isinstance(group.transform.layer, Dense) and parameter.endswith(".weight")
        if self._view.is_whole or row is None or deltas is None or not is_weight:
            return None
        x = float(unit_rows(group.transform.inputs, index[0])[row])
        d = float(unit_rows(deltas, index[1])[row])
        return row_weight_gradient(x, d, *index, letter=self._letters.input_letter)


def _flat(recorded: Recorded, row: int) -> list[float]:
    """Return all values of one kept row."""
    return np.asarray(recorded.rows[row]).reshape(-1).tolist()
