"""Formulas of the value of a unit, of layers other than dense ones, with the numbers of one row."""

from collections.abc import Iterator

import numpy as np

from engine.explain.explanation.formulas.letters import LayerLetters
from engine.explain.explanation.formulas.normalization import normalization_formulas
from engine.explain.explanation.formulas.texts import write_formula
from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import unit_rows
from engine.explain.explanation.values import FormulaText
from engine.explain.explanation.view import StepView
from engine.explain.fan_in import find_fan_in
from engine.explain.formulas.layers.convolution import WindowValue, convolution
from engine.explain.formulas.layers.dropout import dropout, dropout_gradient
from engine.explain.formulas.layers.embedding import embedded
from engine.explain.formulas.layers.pooling import average_pooling, max_pooling
from engine.explain.formulas.layers.residual import residual, residual_gradient
from engine.explain.formulas.renaming import rename
from engine.layers.convolution import Conv2d
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.normalization import Normalization
from engine.layers.pooling import MaxPooling2d, Pooling2d
from engine.layers.residual import Residual


def layer_formulas(
    view: StepView, group: LayerGroup, letters: LayerLetters, unit: int, row: int
) -> Iterator[FormulaText]:
    """Write the formulas of a unit of a layer that is not dense.

    Args:
        view: the step.
        group: the layer.
        letters: letters of the layer's quantities.
        unit: index of the unit in row-major order.
        row: the kept row whose numbers are written.
    """
    match group.transform.layer:
        case Conv2d():
            yield _of_convolution(view, group, letters, unit, row)
        case Pooling2d():
            yield _of_pooling(group, letters, unit, row)
        case Normalization():
            yield from normalization_formulas(view, group, letters, unit, row)
        case Embedding():
            yield from _of_embedding(view, group, letters, unit, row)
        case Residual():
            yield from _of_residual(view, group, letters, unit, row)
        case Dropout():
            yield from _of_dropout(group, letters, unit, row)
        case _:
            return


def _of_convolution(
    view: StepView, group: LayerGroup, letters: LayerLetters, unit: int, row: int
) -> FormulaText:
    layer = group.transform.layer
    assert isinstance(layer, Conv2d)  # noqa: S101 - checked by the caller
    fan_in = find_fan_in(layer, unit)
    assert fan_in is not None  # noqa: S101 - a convolution has edges
    weights = view.parameters[f"{group.name}.weight"].trace.before
    x = group.transform.inputs.rows[row]
    position = tuple(map(int, np.unravel_index(unit, layer.out_shape)))
    window = []
    for edge, source in enumerate(fan_in.sources.tolist()):
        offset = tuple(map(int, np.unravel_index(edge, layer.kernel)))
        place = None if source < 0 else tuple(map(int, np.unravel_index(source, x.shape)))
        value = 0.0 if place is None else float(x[place])
        window.append(
            WindowValue(value, place, float(weights[(*offset, position[2])]), offset)  # type: ignore[arg-type] # three axes
        )
    bias = view.parameters.get(f"{group.name}.bias")
    added = None if bias is None else float(bias.trace.before[position[2]])
    letter = letters.input_letter
    formula = convolution(window, added, position, letter=letter)  # type: ignore[arg-type] # three axes
    return write_formula(
        "z", rename(formula, letters.forward), float(unit_rows(group.z, unit)[row])
    )


def _of_pooling(group: LayerGroup, letters: LayerLetters, unit: int, row: int) -> FormulaText:
    fan_in = find_fan_in(group.transform.layer, unit)
    assert fan_in is not None  # noqa: S101 - pooling has edges
    x = group.transform.inputs.rows[row].reshape(-1)[fan_in.sources].tolist()
    is_maximum = isinstance(group.transform.layer, MaxPooling2d)
    formula = (max_pooling if is_maximum else average_pooling)(x)
    renamed = rename(formula, letters.of_values(unit))
    return write_formula("a", renamed, float(unit_rows(group.a, unit)[row]))


def _of_embedding(
    view: StepView, group: LayerGroup, letters: LayerLetters, unit: int, row: int
) -> Iterator[FormulaText]:
    layer = group.transform.layer
    assert isinstance(layer, Embedding)  # noqa: S101 - checked by the caller
    for table in layer.tables:
        if table.columns.start <= unit < table.columns.stop:
            index = unit - table.columns.start
            code = int(group.transform.inputs.rows[row, table.position])
            weight = float(view.parameters[table.name].trace.before[code, index])
            value = float(unit_rows(group.a, unit)[row])
            formula = embedded(weight, code, index, unit)
            yield write_formula("a", rename(formula, letters.gradients), value)


def _of_residual(
    view: StepView, group: LayerGroup, letters: LayerLetters, unit: int, row: int
) -> Iterator[FormulaText]:
    """Write y = x + block(x), and ∂L/∂x; the block is what its layers make of x."""
    inner = [one for name, one in view.groups.items() if name.startswith(f"{group.name}.layers.")]
    x = float(unit_rows(group.transform.inputs, unit)[row])
    value = float(unit_rows(group.a, unit)[row])
    if not inner:
        return
    depth = group.name.count(".") + 2
    direct = [one for one in inner if one.name.count(".") == depth]
    block = float(unit_rows(direct[-1].a, unit)[row])
    yield write_formula("a", rename(residual(x, block, unit), letters.through), value)
    gradient, through = group.a_gradient, direct[0].transform.input_gradient
    whole = group.transform.input_gradient
    if gradient is None or through is None or whole is None:
        return
    parts = (float(unit_rows(one, unit)[row]) for one in (gradient, through, whole))
    of_y, of_block, of_x = parts
    formula = rename(residual_gradient(of_y, of_block, unit), letters.through)
    yield write_formula("input_gradient", formula, of_x)


def _of_dropout(
    group: LayerGroup, letters: LayerLetters, unit: int, row: int
) -> Iterator[FormulaText]:
    layer, mask = group.transform.layer, group.transform.mask
    assert isinstance(layer, Dropout)  # noqa: S101 - checked by the caller
    if mask is None:
        return
    is_kept = bool(unit_rows(mask, unit)[row])
    x = float(unit_rows(group.transform.inputs, unit)[row])
    value = float(unit_rows(group.a, unit)[row])
    formula = rename(dropout(x, layer.rate, unit, is_kept=is_kept), letters.through)
    yield write_formula("a", formula, value)
    of_y, of_x = group.transform.output_gradient, group.transform.input_gradient
    if of_y is not None and of_x is not None:
        gradient = float(unit_rows(of_y, unit)[row])
        formula = dropout_gradient(gradient, layer.rate, unit, is_kept=is_kept)
        formula = rename(formula, letters.through)
        yield write_formula("input_gradient", formula, float(unit_rows(of_x, unit)[row]))
