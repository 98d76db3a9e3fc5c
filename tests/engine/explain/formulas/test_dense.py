"""Formulas of dense layers give the numbers of the engine's layer."""

import numpy as np
import pytest

from engine.explain.formulas import evaluate, to_speech
from engine.explain.formulas.expression import Rest, Symbol, leaves
from engine.explain.formulas.layers.dense import (
    bias_gradient,
    input_gradient,
    row_weight_gradient,
    weight_gradient,
    weighted_sum,
)
from engine.layers.dense import Dense
from engine.specs import GlorotUniform
from tests.engine.explain.formulas.checks import check_renderings, check_value


def _layer(in_features: int, units: int, random: np.random.Generator) -> Dense:
    layer = Dense(
        "layers.0",
        in_features,
        units,
        np.dtype(np.float64),
        use_bias=True,
        initializer=GlorotUniform(),
    )
    shapes = layer.parameter_shapes()
    layer.bind(
        {name: random.normal(size=shape) for name, shape in shapes.items()},
        {name: np.zeros(shape) for name, shape in shapes.items()},
    )
    return layer


@pytest.mark.parametrize(("in_features", "rows"), [(1, 1), (3, 4), (30, 20)])
def test_forward_and_backward(in_features: int, rows: int) -> None:
    random = np.random.default_rng(in_features)
    layer = _layer(in_features, 14, random)
    layer.resize(rows)
    x, dy = random.normal(size=(rows, in_features)), random.normal(size=(rows, 14))
    y, dx = layer.forward(x), layer.backward(dy)
    for unit in (0, 13):
        index, deltas = in_features - 1, dy[:, unit].tolist()
        weights = layer.weight[:, unit].tolist()
        pairs = [
            (weighted_sum(x[0].tolist(), weights, layer.bias[unit], unit), y[0, unit]),
            (bias_gradient(deltas, unit), layer.bias_gradient[unit]),
            (
                weight_gradient(x[:, index].tolist(), deltas, index, unit),
                layer.weight_gradient[index, unit],
            ),
            (
                row_weight_gradient(x[0, index], dy[0, unit], index, unit),
                x[0, index] * dy[0, unit],
            ),
            (input_gradient(layer.weight[0].tolist(), dy[0].tolist(), 0), dx[0, 0]),
        ]
        for formula, expected in pairs:
            check_value(formula, expected, scale=9)
            if unit and rows < 20:
                check_renderings(formula)


def test_a_wide_unit_shows_the_largest_products() -> None:
    inputs, weights = [1.0] * 784, [0.001] * 784
    weights[700], weights[3] = -5.0, 2.0
    formula = weighted_sum(inputs, weights, None, 0, top=2)
    names = [leaf.words for leaf in leaves(formula.expression) if isinstance(leaf, Symbol)]
    assert names == ["w 4 1", "x 4", "w 701 1", "x 701"]
    rest = [leaf for leaf in leaves(formula.expression) if isinstance(leaf, Rest)]
    assert [(leaf.count, round(leaf.value, 9)) for leaf in rest] == [(782, 0.782)]
    assert evaluate(formula.expression) == pytest.approx(-2.218)
    assert "782 more terms" in to_speech(formula)


def test_a_unit_without_bias_has_none() -> None:
    assert (
        to_speech(weighted_sum([0.5], [0.4], None, 0))
        == "z 1 equals w 1 1 times x 1, equals 0.4 times 0.5, equals 0.2"
    )
