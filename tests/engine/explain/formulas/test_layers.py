"""Formulas of layers other than dense give the numbers of the engine's layers."""

from collections.abc import Sequence

import numpy as np
import pytest

from engine.arrays import Floats
from engine.explain.formulas import Formula, to_speech
from engine.explain.formulas.layers.convolution import (
    WindowValue,
    convolution,
    convolution_bias_gradient,
    convolution_weight_gradient,
)
from engine.explain.formulas.layers.dropout import dropout, dropout_gradient
from engine.explain.formulas.layers.embedding import embedded, embedding_gradient
from engine.explain.formulas.layers.normalization import (
    mean,
    normalized,
    running_mean,
    running_variance,
    scaled,
    variance,
)
from engine.explain.formulas.layers.normalization_gradients import (
    batch_input_gradient,
    frozen_input_gradient,
    row_input_gradient,
    scale_gradient,
    shift_gradient,
)
from engine.explain.formulas.layers.pooling import (
    average_pooling,
    max_pooling,
)
from engine.explain.formulas.layers.residual import residual, residual_gradient
from engine.layers.base import Layer
from engine.layers.batch_normalization import BatchNormalization
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.layer_normalization import LayerNormalization
from engine.layers.pooling import AveragePooling2d, MaxPooling2d
from engine.layers.residual import Residual
from engine.layers.windows import make_windows
from engine.specs import EmbeddingTable, GlorotUniform
from tests.engine.explain.formulas.checks import check

FLOAT64 = np.dtype(np.float64)


def _bind(layer: Layer, random: np.random.Generator, rows: int) -> dict[str, Floats]:
    """Give a layer random parameters; return its gradients by name."""
    shapes = layer.parameter_shapes()
    gradients: dict[str, Floats] = {name: np.zeros(shape) for name, shape in shapes.items()}
    arrays = {**shapes, **layer.state_shapes()}
    layer.bind({name: random.uniform(0.5, 1.5, shape) for name, shape in arrays.items()}, gradients)
    layer.resize(rows)
    return gradients


def _check_all(pairs: Sequence[tuple[Formula, float]]) -> None:
    for formula, expected in pairs:
        check(formula, float(expected), scale=10)


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_convolution(padding: str) -> None:
    random = np.random.default_rng(1)
    windows = tuple(make_windows(5, 3, 2, padding) for _ in "hw")  # type: ignore[arg-type]
    layer = Conv2d("c", windows, 2, 3, FLOAT64, use_bias=True, initializer=GlorotUniform())  # type: ignore[arg-type]
    gradients = _bind(layer, random, 2)
    x = random.normal(size=(2, 5, 5, 2))
    y = layer.forward(x)
    dy = random.normal(size=y.shape)
    layer.backward(dy)
    before = windows[0].before
    height, width, _ = layer.out_shape

    def source(position: tuple[int, int], u: int, v: int) -> tuple[int, int] | None:
        at = tuple(2 * i + offset - before for i, offset in zip(position, (u, v), strict=True))
        return (at[0], at[1]) if all(0 <= k < 5 for k in at) else None

    window = []
    for u, v, c in np.ndindex(3, 3, 2):
        at = source((0, 1), u, v)
        value = 0.0 if at is None else float(x[0, *at, c])
        place = None if at is None else (*at, c)
        window.append(WindowValue(value, place, float(layer.weight[u, v, c, 1]), (u, v, c)))
    assert (padding == "same") == any(one.source is None for one in window)
    check(convolution(window, float(layer.bias[1]), (0, 1, 1)), y[0, 0, 1, 1], scale=10)

    offset = (1, 0, 1)
    values, deltas, sources, positions = [], [], [], []
    for row, i, j in np.ndindex(2, height, width):
        at = source((i, j), 1, 0)
        if at is not None:
            values.append(float(x[row, *at, 1]))
            deltas.append(float(dy[row, i, j, 2]))
            sources.append((row, *at, 1))
            positions.append((i, j))
    formula = convolution_weight_gradient(values, deltas, sources, positions, offset, 2)
    check(formula, gradients["c.weight"][*offset, 2], scale=10)
    places = list(np.ndindex(2, height, width))
    of_bias = convolution_bias_gradient([float(dy[*at, 2]) for at in places], places, 2)
    check(of_bias, gradients["c.bias"][2], scale=10)


@pytest.mark.parametrize("is_tied", [False, True])
def test_pooling(is_tied: bool) -> None:
    random = np.random.default_rng(2)
    windows = (make_windows(3, 2, 1, "valid"), make_windows(3, 2, 1, "valid"))
    x = random.normal(size=(1, 3, 3, 1))
    if is_tied:
        x[...] = 1.0
    values = [x[0, i, j, 0].item() for i, j in np.ndindex(2, 2)]
    largest, average = (kind("p", windows, 1, FLOAT64) for kind in (MaxPooling2d, AveragePooling2d))
    for layer in (largest, average):
        layer.resize(1)
    check(max_pooling(values), largest.forward(x)[0, 0, 0, 0])
    check(average_pooling(values), average.forward(x)[0, 0, 0, 0], scale=3)


def test_a_large_window_shows_its_largest_values() -> None:
    values = np.random.default_rng(3).normal(size=49).tolist()
    check(max_pooling(values, top=3), max(values))
    check(average_pooling(values, top=3), float(np.mean(values)), scale=3)
    check(max_pooling([2.5]), 2.5)


def test_batch_normalization() -> None:
    random = np.random.default_rng(4)
    layer = BatchNormalization("n", (3,), 0.9, 1e-5, FLOAT64)
    gradients = _bind(layer, random, 6)
    old_mean, old_variance = layer.running_mean.copy(), layer.running_variance.copy()
    x, dy = random.normal(size=(6, 3)), random.normal(size=(6, 3))
    values, column = x[:, 1].tolist(), dy[:, 1].tolist()
    y = layer.forward(x.copy()).copy()
    dx = layer.backward(dy.copy())
    mu = mean(values)
    sigma = variance(values, mu.value)
    normals = [normalized(value, mu.value, sigma.value, 1e-5).value for value in values]
    gamma, beta = float(layer.scale[1]), float(layer.shift[1])
    dgamma, dbeta = scale_gradient(column, normals), shift_gradient(column)
    back = batch_input_gradient(
        column[2], normals[2], gamma, dgamma.value, dbeta.value, sigma.value, 1e-5, 6
    )
    of_mean = running_mean(float(old_mean[1]), mu.value, 0.9)
    of_variance = running_variance(float(old_variance[1]), sigma.value, 0.9, 6)
    _check_all(
        [
            (mu, float(np.mean(values))),
            (sigma, float(np.var(values))),
            (normalized(values[2], mu.value, sigma.value, 1e-5, 2), normals[2]),
            (scaled(normals[2], gamma, beta), y[2, 1]),
            (dgamma, gradients["n.scale"][1]),
            (dbeta, gradients["n.shift"][1]),
            (back, dx[2, 1]),
            (of_mean, layer.running_mean[1]),
            (of_variance, layer.running_variance[1]),
        ]
    )


def test_frozen_batch_normalization() -> None:
    random = np.random.default_rng(5)
    layer = BatchNormalization("n", (2,), 0.9, 1e-5, FLOAT64)
    layer.is_frozen = True
    _bind(layer, random, 3)
    x, dy = random.normal(size=(3, 2)), random.normal(size=(3, 2))
    y, dx = layer.forward(x.copy()).copy(), layer.backward(dy.copy())
    running, spread = float(layer.running_mean[0]), float(layer.running_variance[0])
    gamma = float(layer.scale[0])
    normal = normalized(float(x[1, 0]), running, spread, 1e-5)
    check(scaled(normal.value, gamma, float(layer.shift[0])), y[1, 0], scale=10)
    check(frozen_input_gradient(float(dy[1, 0]), gamma, spread, 1e-5), dx[1, 0])


@pytest.mark.parametrize("features", [4, 20])
def test_layer_normalization(features: int) -> None:
    random = np.random.default_rng(6)
    layer = LayerNormalization("n", (features,), 1e-5, FLOAT64)
    gradients = _bind(layer, random, 5)
    x, dy = random.normal(size=(5, features)), random.normal(size=(5, features))
    y, dx = layer.forward(x.copy()).copy(), layer.backward(dy.copy())
    mu = mean(x[0].tolist())
    sigma = variance(x[0].tolist(), mu.value)
    normals = ((x[0] - mu.value) / np.sqrt(sigma.value + 1e-5)).tolist()
    scales, row = layer.scale.tolist(), dy[0].tolist()
    back = row_input_gradient(row, scales, normals, 1, sigma.value, 1e-5)
    assert to_speech(back.where[0]).startswith("g 2 equals gamma 2 times the derivative of")
    all_normals = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    of_scale = scale_gradient(dy[:, 1].tolist(), all_normals[:, 1].tolist())
    _check_all(
        [
            (scaled(normals[1], scales[1], float(layer.shift[1])), y[0, 1]),
            (back, dx[0, 1]),
            (of_scale, gradients["n.scale"][1]),
        ]
    )


def test_embedding() -> None:
    random = np.random.default_rng(7)
    layer = Embedding(
        "e", 2, [EmbeddingTable(position=1, codes=4)], 3, FLOAT64, initializer=GlorotUniform()
    )
    gradients = _bind(layer, random, 4)
    x = np.array([[0.5, 2], [0.1, 0], [0.2, 2], [0.3, 1]])
    y = layer.forward(x)
    dy = random.normal(size=y.shape)
    layer.backward(dy)
    table = layer.tables[0].weight
    check(embedded(float(table[2, 1]), 2, 1, 2), y[0, 2])
    rows = [0, 2]
    of_code = embedding_gradient(dy[rows, 2].tolist(), rows, 2, 1, 2)
    check(of_code, gradients["e.weight_1"][2, 1], scale=3)
    check(embedding_gradient([], [], 3, 1, 2), 0.0)


def test_residual() -> None:
    random = np.random.default_rng(8)
    inner = Dense("r.0", 3, 3, FLOAT64, use_bias=False, initializer=GlorotUniform())
    weight = random.normal(size=(3, 3))
    block = Residual("r", (3,), [inner], FLOAT64)
    inner.bind({"r.0.weight": weight}, {"r.0.weight": np.zeros((3, 3))})
    block.resize(1)
    x, dy = random.normal(size=(1, 3)), random.normal(size=(1, 3))
    y, dx = block.forward(x).copy(), block.backward(dy.copy())
    check(residual(float(x[0, 1]), float((x @ weight)[0, 1]), 1), y[0, 1], scale=3)
    through = float((dy @ weight.T)[0, 1])
    check(residual_gradient(float(dy[0, 1]), through, 1), dx[0, 1], scale=3)


def test_dropout() -> None:
    random = np.random.default_rng(9)
    layer = Dropout("layers.0", (20,), 0.3, FLOAT64, seed=1)
    layer.resize(1)
    layer.begin_step(0)
    x, dy = random.normal(size=(1, 20)), random.normal(size=(1, 20))
    y, dx = layer.forward(x.copy()).copy(), layer.backward(dy.copy())
    kept = layer.mask[0] > 0
    assert kept.any()
    assert not kept.all()
    for unit in (int(np.argmax(kept)), int(np.argmin(kept))):
        is_kept = bool(kept[unit])
        check(dropout(float(x[0, unit]), 0.3, unit, is_kept=is_kept), y[0, unit])
        back = dropout_gradient(float(dy[0, unit]), 0.3, unit, is_kept=is_kept)
        check(back, dx[0, unit])
