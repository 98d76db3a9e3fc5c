import math
from typing import cast

import numpy as np
import pytest

from engine.arrays import Indices
from engine.build import build_loss
from engine.losses.base import Loss
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    HalfSquaredError,
    LossSpec,
    MeanSquaredError,
    OutputActivation,
)
from tests.engine.examples import Matrix, draw, network_spec, random_targets


def make_loss(
    spec: LossSpec, output: OutputActivation, units: int, dtype: type[np.floating] = np.float64
) -> Loss:
    return build_loss(spec, network_spec((), units, output=output).output, np.dtype(dtype))


def test_cross_entropy_is_the_mean_surprise() -> None:
    logits = draw(5, 3)
    classes = cast("Indices", random_targets(CrossEntropy(), 5, 3))
    surprises = [
        -math.log(math.exp(row[c]) / sum(math.exp(z) for z in row))
        for row, c in zip(logits, classes, strict=True)
    ]
    loss = make_loss(CrossEntropy(), "softmax", 3)
    assert loss.forward(logits, classes) == pytest.approx(sum(surprises) / 5)


def test_binary_cross_entropy_is_the_mean_over_rows_and_outputs() -> None:
    logits, y = draw(4, 2), np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0], [1.0, 0.0]])
    terms = []
    for z, target in zip(logits.ravel(), y.ravel(), strict=True):
        p = 1 / (1 + math.exp(-z))
        terms.append(-(target * math.log(p) + (1 - target) * math.log(1 - p)))
    loss = make_loss(BinaryCrossEntropy(), "sigmoid", 2)
    assert loss.forward(logits, y) == pytest.approx(sum(terms) / 8)


def squares(prediction: Matrix, y: Matrix) -> list[float]:
    return [float(p - t) ** 2 for p, t in zip(prediction.ravel(), y.ravel(), strict=True)]


def test_mean_squared_error_averages_rows_and_outputs() -> None:
    z, y = draw(4, 3), draw(4, 3, seed=1)
    loss = make_loss(MeanSquaredError(), "linear", 3)
    assert loss.forward(z, y) == pytest.approx(sum(squares(z, y)) / 12)


def test_half_squared_error_sums_outputs_and_averages_rows() -> None:
    z, y = draw(4, 3), draw(4, 3, seed=1)
    loss = make_loss(HalfSquaredError(), "linear", 3)
    assert loss.forward(z, y) == pytest.approx(sum(squares(z, y)) / 2 / 4)


def test_squared_error_compares_what_the_output_activation_gives() -> None:
    z, y = draw(4, 3), draw(4, 3, seed=1)
    loss = make_loss(MeanSquaredError(), "sigmoid", 3)
    assert loss.forward(z, y) == pytest.approx(sum(squares(1 / (1 + np.exp(-z)), y)) / 12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_wrong_costs_its_logit_and_stays_finite(dtype: type[np.floating]) -> None:
    logits = np.array([[-1e4, 1e4]], dtype)
    loss = make_loss(CrossEntropy(), "softmax", 2, dtype)
    assert loss.forward(logits, np.array([0])) == pytest.approx(2e4)
    assert np.isfinite(loss.backward()).all()
    binary = make_loss(BinaryCrossEntropy(), "sigmoid", 2, dtype)
    assert binary.forward(logits, np.array([[1, 0]], dtype)) == pytest.approx(1e4)
    assert np.isfinite(binary.backward()).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_certain_and_right_costs_nothing(dtype: type[np.floating]) -> None:
    logits = np.array([[1e4, -1e4]], dtype)
    loss = make_loss(CrossEntropy(), "softmax", 2, dtype)
    assert loss.forward(logits, np.array([0])) == 0
    binary = make_loss(BinaryCrossEntropy(), "sigmoid", 2, dtype)
    assert binary.forward(logits, np.array([[1, 0]], dtype)) == 0


def test_gradient_of_cross_entropy_is_softmax_minus_onehot() -> None:
    logits, classes = draw(3, 4), np.array([1, 0, 3])
    loss = make_loss(CrossEntropy(), "softmax", 4)
    loss.forward(logits, classes)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(loss.outputs, softmax)
    np.testing.assert_allclose(loss.backward(), (softmax - np.eye(4)[classes]) / 3)


@pytest.mark.parametrize(
    ("spec", "output"),
    [
        (CrossEntropy(), "softmax"),
        (BinaryCrossEntropy(), "sigmoid"),
        (MeanSquaredError(), "softmax"),
        (HalfSquaredError(), "linear"),
    ],
)
def test_a_shorter_batch_and_unwritten_logits(spec: LossSpec, output: OutputActivation) -> None:
    loss, logits = make_loss(spec, output, 3), draw(6, 3)
    targets = random_targets(spec, 6, 3)
    loss.forward(logits, targets)
    loss.backward()
    short = loss.forward(logits[:2], targets[:2])
    assert short == pytest.approx(make_loss(spec, output, 3).forward(logits[:2], targets[:2]))
    np.testing.assert_array_equal(logits, draw(6, 3))
