"""Formulas of batch and layer normalization, with the numbers of one unit and row."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats
from engine.explain.explanation.formulas.letters import LayerLetters
from engine.explain.explanation.formulas.texts import write_formula
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import unit_rows
from engine.explain.explanation.values import FormulaText
from engine.explain.explanation.view import StepView
from engine.explain.formulas import Formula
from engine.explain.formulas.layers.normalization import mean, normalized, scaled, variance
from engine.explain.formulas.layers.normalization_gradients import (
    batch_input_gradient,
    frozen_input_gradient,
    row_input_gradient,
)
from engine.explain.formulas.renaming import rename
from engine.layers.batch_normalization import BatchNormalization
from engine.specs import BatchNormalizationSpec, LayerNormalizationSpec


@dataclass(frozen=True)
class Normalized:
    """One normalized value: those that it is normalized with, and its scale and shift.

    Attributes:
        values: x of the channel over the batch, or of the row, `(n,)`.
        index: place of the value among them.
        mean: μ.
        variance: σ².
        scale: γ of the value.
        shift: β of the value.
        epsilon: ε.
    """

    values: Floats
    index: int
    mean: float
    variance: float
    scale: float
    shift: float
    epsilon: float

    @property
    def x(self) -> float:
        """The value."""
        return float(self.values[self.index])

    @property
    def normal(self) -> float:
        """The normalized value, x̂."""
        return (self.x - self.mean) / float(np.sqrt(self.variance + self.epsilon))


def normalization_formulas(
    view: StepView, group: LayerGroup, letters: LayerLetters, unit: int, row: int
) -> Iterator[FormulaText]:
    """Write the formulas of μ, σ², x̂, y and ∂L/∂x, as far as their numbers are kept."""
    is_batch = isinstance(group.transform.layer, BatchNormalization)
    is_frozen = is_batch and group.transform.layer.is_frozen
    one = (_in_batch if is_batch else _in_row)(view, group, unit, row)
    if one is None:
        return
    names, values = letters.of_values(unit, one.index), one.values.tolist()
    if not is_frozen:
        yield write_formula("mean", rename(mean(values), names), one.mean)
        spread = variance(values, one.mean)
        yield write_formula("variance", rename(spread, names), one.variance)
    normal = normalized(one.x, one.mean, one.variance, one.epsilon, one.index)
    yield write_formula("normalized", rename(normal, names))
    value = float(unit_rows(group.a, unit)[row])
    output = scaled(normal.value, one.scale, one.shift)
    yield write_formula("a", rename(output, names), value)
    for formula, of_x in _gradient(view, group, one, unit, row):
        yield write_formula("input_gradient", rename(formula, names), of_x)


def _in_batch(view: StepView, group: LayerGroup, unit: int, row: int) -> Normalized | None:
    """Return a value of batch normalization; None if not all rows of the batch are kept."""
    layer, x = group.transform.layer, group.transform.inputs.rows
    assert isinstance(layer, BatchNormalization)  # noqa: S101 - checked by the caller
    assert isinstance(group.spec, BatchNormalizationSpec)  # noqa: S101 - likewise
    channel = unit % x.shape[-1]
    values = x.reshape(-1, x.shape[-1])[:, channel]
    before = {name: view.parameters[f"{group.name}.{name}"].trace.before for name in _NAMES}
    scale, shift = (float(before[name][channel]) for name in ("scale", "shift"))
    positions = values.size // len(x)
    index = row * positions + unit // x.shape[-1]
    if layer.is_frozen:
        known = [float(before[name][channel]) for name in ("running_mean", "running_variance")]
        return Normalized(values, index, known[0], known[1], scale, shift, group.spec.epsilon)
    if not view.is_whole:
        return None
    return _measured(values, index, scale, shift, group.spec.epsilon)


_NAMES = ("scale", "shift", "running_mean", "running_variance")


def _in_row(view: StepView, group: LayerGroup, unit: int, row: int) -> Normalized:
    """Return a value of layer normalization."""
    assert isinstance(group.spec, LayerNormalizationSpec)  # noqa: S101 - checked by the caller
    values = group.transform.inputs.rows[row].reshape(-1)
    scale, shift = (
        float(view.parameters[f"{group.name}.{name}"].trace.before.reshape(-1)[unit])
        for name in ("scale", "shift")
    )
    return _measured(values, unit, scale, shift, group.spec.epsilon)


def _measured(values: Floats, index: int, scale: float, shift: float, epsilon: float) -> Normalized:
    exact = values.astype(np.float64)
    average, spread = float(exact.mean()), float(exact.var())
    return Normalized(values, index, average, spread, scale, shift, epsilon)


def _gradient(
    view: StepView, group: LayerGroup, one: Normalized, unit: int, row: int
) -> Iterator[tuple[Formula, float]]:
    """Yield the formula of ∂L/∂x and its value, if a layer before this one is trained."""
    of_y, of_x = group.transform.output_gradient, group.transform.input_gradient
    if of_y is None or of_x is None:
        return
    gradient, value = float(unit_rows(of_y, unit)[row]), float(unit_rows(of_x, unit)[row])
    if not isinstance(group.transform.layer, BatchNormalization):
        scales = view.parameters[f"{group.name}.scale"].trace.before.reshape(-1)
        exact = one.values.astype(np.float64)
        normals = (exact - one.mean) / np.sqrt(one.variance + one.epsilon)
        formula = row_input_gradient(
            of_y.rows[row].reshape(-1).tolist(),
            scales.tolist(),
            normals.tolist(),
            unit,
            one.variance,
            one.epsilon,
        )
    elif group.transform.layer.is_frozen:
        formula = frozen_input_gradient(gradient, one.scale, one.variance, one.epsilon)
    else:
        channel = unit % group.out_shape[-1]
        of_scale, of_shift = (
            view.parameters[f"{group.name}.{name}"].trace.loss_gradient
            for name in ("scale", "shift")
        )
        assert of_scale is not None  # noqa: S101 - the layer is trained
        assert of_shift is not None  # noqa: S101 - likewise
        formula = batch_input_gradient(
            gradient,
            one.normal,
            one.scale,
            float(of_scale[channel]),
            float(of_shift[channel]),
            one.variance,
            one.epsilon,
            len(one.values),
        )
    yield formula, value
