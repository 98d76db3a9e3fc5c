"""Formulas of the gradient of one parameter: a sum over the rows of the batch."""

import numpy as np

from engine.explain.explanation.layer_group import LayerGroup
from engine.explain.explanation.numbers import unit_rows
from engine.explain.explanation.view import StepView
from engine.explain.formulas import Formula
from engine.explain.formulas.layers.convolution import (
    convolution_bias_gradient,
    convolution_weight_gradient,
)
from engine.explain.formulas.layers.dense import bias_gradient, weight_gradient
from engine.explain.formulas.layers.embedding import embedding_gradient
from engine.explain.formulas.layers.normalization_gradients import scale_gradient, shift_gradient
from engine.explain.step_trace import Recorded
from engine.layers.batch_normalization import BatchNormalization
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.embedding import Embedding
from engine.layers.normalization import Normalization


def gradient_formula(
    view: StepView, group: LayerGroup, name: str, index: tuple[int, ...], letter: str
) -> Formula | None:
    """Return the formula of ∂L/∂w of one number of a parameter.

    None if not all rows of the batch are kept, or if the gradient is not computed.

    Args:
        view: the step.
        group: the parameter's layer.
        name: full name of the parameter.
        index: index into its array.
        letter: letter of the layer's inputs.
    """
    delta = group.transform.output_gradient
    if group.loss_outputs is not None:
        delta = group.loss_gradient
    if delta is None or not view.is_whole or view.parameters[name].trace.loss_gradient is None:
        return None
    match group.transform.layer:
        case Dense():
            return _of_dense(group, delta, name, index, letter)
        case Conv2d():
            return _of_convolution(group, delta, name, index, letter)
        case Normalization():
            return _of_normalization(group, delta, name, index)
        case Embedding():
            return _of_embedding(group, delta, name, index)
        case _:
            return None


def _of_dense(
    group: LayerGroup, delta: Recorded, name: str, index: tuple[int, ...], letter: str
) -> Formula:
    unit = index[-1]
    deltas = unit_rows(delta, unit).tolist()
    if name.endswith(".bias"):
        return bias_gradient(deltas, unit)
    values = unit_rows(group.transform.inputs, index[0]).tolist()
    return weight_gradient(values, deltas, index[0], unit, letter=letter)


def _of_convolution(
    group: LayerGroup, delta: Recorded, name: str, index: tuple[int, ...], letter: str
) -> Formula:
    layer, filter_index = group.transform.layer, index[-1]
    assert isinstance(layer, Conv2d)  # noqa: S101 - checked by the caller
    gradients = delta.rows[..., filter_index]
    if name.endswith(".bias"):
        places = list(np.ndindex(gradients.shape))
        return convolution_bias_gradient(gradients.reshape(-1).tolist(), places, filter_index)
    offset = index[0], index[1], index[2]
    rows, columns = layer.windows
    x = group.transform.inputs.rows
    values, deltas, sources, positions = [], [], [], []
    for row, i, j in np.ndindex(gradients.shape):
        source = (
            i * rows.stride - rows.before + offset[0],
            j * columns.stride - columns.before + offset[1],
            offset[2],
        )
        if 0 <= source[0] < rows.size and 0 <= source[1] < columns.size:
            values.append(float(x[(row, *source)]))
            deltas.append(float(gradients[row, i, j]))
            sources.append((row, *source))
            positions.append((i, j))
    return convolution_weight_gradient(
        values, deltas, sources, positions, offset, filter_index, letter=letter
    )


def _of_normalization(
    group: LayerGroup, delta: Recorded, name: str, index: tuple[int, ...]
) -> Formula:
    layer, x = group.transform.layer, group.transform.inputs.rows.astype(np.float64)
    inverse_std = group.transform.inverse_std
    assert inverse_std is not None  # noqa: S101 - a trained normalization has it
    if isinstance(layer, BatchNormalization):
        axes = tuple(range(x.ndim - 1))
        normals = (x - x.mean(axis=axes)) * inverse_std
        chosen = (..., index[0])
    else:
        axes = tuple(range(1, x.ndim))
        centered = x - x.mean(axis=axes, keepdims=True)
        normals = centered * inverse_std.reshape(-1, *(1 for _ in axes))
        chosen = (slice(None), *index)  # type: ignore[assignment] # an index of either kind
    gradients = delta.rows[chosen].reshape(-1).tolist()
    if name.endswith(".shift"):
        return shift_gradient(gradients)
    return scale_gradient(gradients, normals[chosen].reshape(-1).tolist())


def _of_embedding(
    group: LayerGroup, delta: Recorded, name: str, index: tuple[int, ...]
) -> Formula | None:
    layer = group.transform.layer
    assert isinstance(layer, Embedding)  # noqa: S101 - checked by the caller
    for table in layer.tables:
        if table.name == name:
            codes = group.transform.inputs.rows[:, table.position].astype(np.intp)
            rows = np.flatnonzero(codes == index[0])
            column = unit_rows(delta, table.columns.start + index[1])
            return embedding_gradient(column[rows].tolist(), rows.tolist(), *index)
    return None
