"""Steps with zeros of exactly one cause each: it is named, wherever the zeros are seen."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.explain.step_trace import StepTrace
from engine.explain.zeros.causes import Cause
from engine.explain.zeros.find_zeros import find_zeros
from tests.engine.explain.zeros.zero_steps import (
    causes_in,
    numbers_of_layers,
    numbers_of_parameters,
    trace_of,
)
from tests.engine.layer_examples import LayerJson, image

TWO_ROWS = [[0.5, -0.25], [0.75, 0.5]]
TARGETS = [1.0, -2.0]
FLAT: LayerJson = {"type": "flatten"}


def dense(units: int = 2, activation: Any = "linear", **options: Any) -> LayerJson:
    layer = {"type": "dense", "units": units, "activation": activation, "use_bias": False}
    return layer | options


def two_units(activation: Any, weight: Any, rows: Any = TWO_ROWS, **options: Any) -> StepTrace:
    """Two units with given weights, of which the output is the difference."""
    weights = {"layers.0.weight": weight, "output.weight": [[1.5], [-0.5]]}
    return trace_of([dense(2, activation)], rows, TARGETS, weights=weights, **options)


def output_only(rows: Any, targets: Any, weight: Any, **options: Any) -> StepTrace:
    """An output without hidden layers."""
    return trace_of([], rows, targets, weights={"output.weight": weight}, **options)


def with_output(units: int, weight: Any, rows: Any, targets: Any, **options: Any) -> StepTrace:
    output = {"units": units} | options.pop("output", {})
    return output_only(rows, targets, weight, output=output, **options)


ON = [[1.0, 0.5], [0.5, 0.75]]
IMAGE = [dense(4), image(2, 2, 1)]
LARGE_IMAGE = [dense(9), image(3, 3, 1)]
POSITIVE = np.linspace(0.1, 0.9, 18).reshape(2, 9).tolist()

CASES: dict[str, tuple[Cause, Callable[[], StepTrace]]] = {
    "relu off": (Cause.RELU_OFF, lambda: two_units("relu", [[1.0, 0.5], [0.5, 3.0]])),
    "leaky relu without a slope": (
        Cause.RELU_OFF,
        lambda: two_units({"type": "leaky_relu", "negative_slope": 0.0}, [[1.0, 0.5], [0.5, 3.0]]),
    ),
    "dead relu": (Cause.DEAD_RELU, lambda: two_units("relu", [[1.0, -0.5], [0.5, 0.1]])),
    "tanh": (Cause.SATURATED, lambda: two_units("tanh", [[1.0, 100.0], [0.5, 1.0]])),
    "sigmoid": (Cause.SATURATED, lambda: two_units("sigmoid", [[1.0, 300.0], [0.5, 1.0]])),
    "hard sigmoid, above": (
        Cause.SATURATED,
        lambda: two_units("hard_sigmoid", [[1.0, 300.0], [0.5, 1.0]]),
    ),
    "hard sigmoid, below": (
        Cause.SATURATED,
        lambda: two_units("hard_sigmoid", [[1.0, -300.0], [0.5, 1.0]]),
    ),
    "softplus": (Cause.SATURATED, lambda: two_units("softplus", [[1.0, -3000.0], [0.5, 1.0]])),
    "softsign": (Cause.SATURATED, lambda: two_units("softsign", [[1.0, 1e20], [0.5, 1.0]])),
    "elu": (Cause.SATURATED, lambda: two_units("elu", [[1.0, -300.0], [0.5, 1.0]])),
    "gelu": (Cause.SATURATED, lambda: two_units("gelu", [[1.0, -300.0], [0.5, 1.0]])),
    "softmax": (Cause.SATURATED, lambda: two_units("softmax", [[3000.0, 0.6], [0.5, 1.0]])),
    "certain class": (
        Cause.SATURATED,
        lambda: with_output(2, [[2000.0, 1.0], [1.0, 1.0]], TWO_ROWS, [0, 0], loss="cross_entropy"),
    ),
    "certain probability": (
        Cause.SATURATED,
        lambda: output_only(TWO_ROWS, [1, 1], [[300.0], [1.0]], loss="binary_cross_entropy"),
    ),
    "error of a saturated output": (
        Cause.SATURATED,
        lambda: output_only(
            TWO_ROWS, [0.5, 0.5], [[300.0], [1.0]], output={"activation": "sigmoid"}
        ),
    ),
    "dropout": (
        Cause.DROPPED_OUT,
        lambda: trace_of([dense(4), {"type": "dropout", "rate": 0.5}], TWO_ROWS, TARGETS, seed=3),
    ),
    "max pooling": (
        Cause.MAX_POOL_LOSER,
        lambda: trace_of(
            [*IMAGE, {"type": "max_pooling2d", "pool_size": 2}, FLAT], TWO_ROWS, TARGETS
        ),
    ),
    "average pooling": (
        Cause.OUTSIDE_WINDOWS,
        lambda: trace_of(
            [*LARGE_IMAGE, {"type": "average_pooling2d", "pool_size": 2}, FLAT], TWO_ROWS, TARGETS
        ),
    ),
    "strides of max pooling": (
        Cause.OUTSIDE_WINDOWS,
        lambda: trace_of(
            [*LARGE_IMAGE, {"type": "max_pooling2d", "pool_size": 1, "stride": 2}, FLAT],
            TWO_ROWS,
            TARGETS,
        ),
    ),
    "strides of a convolution": (
        Cause.OUTSIDE_WINDOWS,
        lambda: trace_of([*LARGE_IMAGE, conv(kernel_size=1, stride=2), FLAT], TWO_ROWS, TARGETS),
    ),
    "padding": (
        Cause.PADDING,
        lambda: trace_of(
            [image(1, 2, 1), conv(kernel_size=[3, 1], padding="same"), FLAT], TWO_ROWS, TARGETS
        ),
    ),
    "weights that meet padding": (
        Cause.PADDING,
        lambda: trace_of(
            [image(1, 2, 1), conv(kernel_size=[3, 1], padding="same"), FLAT],
            TWO_ROWS,
            TARGETS,
            weights={
                "layers.1.weight": [[[[1.0, 1.0]]], [[[0.0, 1.0]]], [[[1.0, 1.0]]]],
                "output.weight": [[1.0], [2.0], [3.0], [5.0]],
            },
        ),
    ),
    "row without weight": (
        Cause.ZERO_WEIGHT_ROW,
        lambda: two_units("tanh", ON, row_weights=[0.0, 2.0]),
    ),
    "normalized row without weight": (
        Cause.ZERO_WEIGHT_ROW,
        lambda: trace_of(
            [dense(2), {"type": "layer_normalization", "epsilon": 0.1}],
            TWO_ROWS,
            TARGETS,
            weights={"layers.1.scale": [1.0, 0.0], "layers.1.shift": [0.1, 0.1]},
            row_weights=[0.0, 2.0],
        ),
    ),
    "class without weight": (
        Cause.ZERO_WEIGHT_ROW,
        lambda: with_output(
            2, [[0.2, 1.0], [1.0, 0.1]], TWO_ROWS, [0, 1], loss="cross_entropy", row_weights=[0, 2]
        ),
    ),
    "hinge": (
        Cause.BEYOND_MARGIN,
        lambda: with_output(2, [[9.0, 1.0], [1.0, 2.5]], TWO_ROWS, [0, 1], loss="hinge"),
    ),
    "other class": (
        Cause.OTHER_CLASS,
        lambda: with_output(
            2,
            [[0.2, 1.0], [1.0, 0.1]],
            TWO_ROWS,
            [0, 1],
            loss="cross_entropy",
            output={"activation": "sigmoid"},
        ),
    ),
    "exact prediction": (
        Cause.EXACT_FIT,
        lambda: output_only(TWO_ROWS, [0.5, 2.0], [[1.5], [1.0]], loss="mean_absolute_error"),
    ),
    "median": (
        Cause.EXACT_FIT,
        lambda: output_only(TWO_ROWS, [0.5, 2.0], [[1.5], [1.0]], loss="quantile"),
    ),
    "exact mean": (
        Cause.EXACT_FIT,
        lambda: with_output(2, [[1.5, 0.5], [1.0, 0.5]], TWO_ROWS, [0.5, 2.0], loss="gaussian"),
    ),
    "exact count": (
        Cause.EXACT_FIT,
        lambda: output_only(
            [[0.0 + 2**-600, 1.0], [0.5, 0.5]], [1.0, 2.0], [[1.0], [2**-600]], loss="poisson"
        ),
    ),
    "code": (
        Cause.CODE_ABSENT,
        lambda: trace_of(
            [{"type": "embedding", "tables": [{"position": 1, "codes": 3}], "dimension": 2}],
            [[0.5, 1.0], [0.25, 2.0]],
            TARGETS,
        ),
    ),
    "constant input": (
        Cause.CONSTANT,
        lambda: trace_of(
            [{"type": "batch_normalization", "frozen": False}],
            [[0.5, -0.25], [0.5, 0.5], [0.5, 0.1]],
            [1.0, -2.0, 0.3],
        ),
    ),
    "single value": (
        Cause.NORMALIZED,
        lambda: trace_of(
            [dense(1), {"type": "layer_normalization"}],
            TWO_ROWS,
            TARGETS,
            weights={"layers.1.shift": [0.3]},
        ),
    ),
    "input": (
        Cause.ZERO_INPUT,
        lambda: output_only([[0.0, 1.0], [0.0, -2.0]], TARGETS, [[1.0], [2.0]]),
    ),
    "weight": (Cause.ZERO_WEIGHT, lambda: two_units("tanh", [[1.0, 0.0], [0.5, 0.0]])),
    "weights of the output": (
        Cause.ZERO_WEIGHT,
        lambda: trace_of([dense(2)], TWO_ROWS, TARGETS, weights={"output.weight": [[1.0], [0.0]]}),
    ),
    "scale": (
        Cause.ZERO_WEIGHT,
        lambda: trace_of(
            [dense(2), {"type": "batch_normalization", "epsilon": 0.1}],
            [*TWO_ROWS, [1.0, 0.1]],
            [1.0, -2.0, 0.5],
            weights={"layers.1.scale": [1.0, 0.0], "layers.1.shift": [0.1, 0.1]},
        ),
    ),
    "frozen": (
        Cause.FROZEN,
        lambda: trace_of([dense(2, "tanh", frozen=True)], TWO_ROWS, TARGETS),
    ),
    "clipped": (
        Cause.CLIPPED,
        lambda: output_only(
            [[1e-34, 1e10], [2e-34, 1e9]],
            TARGETS,
            [[1e-3], [1e-3]],
            gradient_clip={"type": "norm", "limit": 1e-6},
            dtype="float32",
        ),
    ),
    "max-norm": (
        Cause.MAX_NORM,
        lambda: output_only(
            [[1.0]],
            [3.0],
            [[1.5]],
            output={"max_norm": 1.5},
            optimizer={"type": "sgd", "learning_rate": 1.0},
        ),
    ),
    "small change": (
        Cause.ROUNDED_AWAY,
        lambda: output_only(
            TWO_ROWS, TARGETS, [[0.4], [0.3]], optimizer={"type": "sgd", "learning_rate": 1e-30}
        ),
    ),
    "small change of momentum": (
        Cause.ROUNDED_AWAY,
        lambda: output_only(
            TWO_ROWS,
            TARGETS,
            [[0.4], [0.3]],
            optimizer={"type": "adam", "learning_rate": 1e-30},
        ),
    ),
    "small product": (
        Cause.UNDERFLOW,
        lambda: two_units(
            "linear", [[1e-200, 2e-200], [1e-200, 3e-200]], [[1e-200, 1e-210], [1e200, 1e200]]
        ),
    ),
    "small gradient": (
        Cause.UNDERFLOW,
        lambda: output_only([[1e-300], [1.0]], [1e-300, 1.5], [[2.0]], row_weights=[1e-300, 1.0]),
    ),
    "cancellation": (
        Cause.EXACT_ZERO,
        lambda: two_units("linear", [[1.0, 1.0], [2.0, 1.0]]),
    ),
    "bias": (
        Cause.EXACT_ZERO,
        lambda: trace_of(
            [dense(1, use_bias=True)],
            [[0.5], [0.25]],
            TARGETS,
            weights={"layers.0.weight": [[2.0]], "layers.0.bias": [-1.0]},
        ),
    ),
    "line search": (
        Cause.NO_DESCENT,
        lambda: output_only(
            TWO_ROWS,
            TARGETS,
            [[0.4], [0.3]],
            optimizer={"type": "lbfgs", "learning_rate": 1000.0, "max_evaluations": 1},
        ),
    ),
}


def conv(**options: Any) -> LayerJson:
    return {"type": "conv2d", "filters": 2, "activation": "linear", "use_bias": False} | options


@pytest.mark.parametrize("name", CASES)
def test_the_only_cause_is_named(name: str) -> None:
    cause, build = CASES[name]
    trace = build()
    zeros = find_zeros(trace)
    found = set()
    for _, values, codes in [
        *numbers_of_layers(trace, zeros),
        *numbers_of_parameters(trace, zeros),
    ]:
        np.testing.assert_array_equal(codes != 0, values == 0)
        found |= causes_in(codes)
    assert found == {cause}
