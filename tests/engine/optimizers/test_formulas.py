"""Each optimizer against its published formula, step by step."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engine.optimizers.build import build_optimizer
from engine.specs import (
    Adadelta,
    Adagrad,
    Adam,
    Adamw,
    Amsgrad,
    Lion,
    Nadam,
    OptimizerSpec,
    Rmsprop,
    Sgd,
)
from tests.engine.examples import draw

RATE, STEPS, SIZE = 0.1, 20, 5
# Maps a weight and its gradients to the weight after each step.
Formula = Callable[[OptimizerSpec, float, list[float]], Iterator[float]]


def sgd(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Sgd)
    v = 0.0
    for g in gradients:
        v = spec.momentum * v + g
        w -= RATE * (g + spec.momentum * v if spec.nesterov else v)
        yield w


def adagrad(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Adagrad)
    s = 0.0
    for g in gradients:
        s += g**2
        w -= RATE * g / (math.sqrt(s) + spec.epsilon)
        yield w


def adadelta(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Adadelta)
    s = u = 0.0
    for g in gradients:
        s = spec.rho * s + (1 - spec.rho) * g**2
        d = math.sqrt(u + spec.epsilon) / math.sqrt(s + spec.epsilon) * g
        u = spec.rho * u + (1 - spec.rho) * d**2
        w -= RATE * d
        yield w


def rmsprop(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Rmsprop)
    s = v = 0.0
    for g in gradients:
        s = spec.rho * s + (1 - spec.rho) * g**2
        v = spec.momentum * v + g / (math.sqrt(s) + spec.epsilon)
        w -= RATE * v
        yield w


def adam(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Adam | Adamw | Amsgrad)
    m = v = largest = 0.0
    for t, g in enumerate(gradients, start=1):
        if isinstance(spec, Adamw):
            w -= RATE * spec.weight_decay * w
        m = spec.beta1 * m + (1 - spec.beta1) * g
        v = spec.beta2 * v + (1 - spec.beta2) * g**2
        largest = max(largest, v) if isinstance(spec, Amsgrad) else v
        m_hat, v_hat = m / (1 - spec.beta1**t), largest / (1 - spec.beta2**t)
        w -= RATE * m_hat / (math.sqrt(v_hat) + spec.epsilon)
        yield w


def nadam(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Nadam)
    mu = [
        spec.beta1 * (1 - 0.5 * 0.96 ** (t * spec.momentum_decay))
        for t in range(1, len(gradients) + 2)
    ]
    m = v = 0.0
    for t, g in enumerate(gradients, start=1):
        m = spec.beta1 * m + (1 - spec.beta1) * g
        v = spec.beta2 * v + (1 - spec.beta2) * g**2
        m_hat = mu[t] * m / (1 - math.prod(mu[: t + 1]))
        m_hat += (1 - mu[t - 1]) * g / (1 - math.prod(mu[:t]))
        w -= RATE * m_hat / (math.sqrt(v / (1 - spec.beta2**t)) + spec.epsilon)
        yield w


def lion(spec: OptimizerSpec, w: float, gradients: list[float]) -> Iterator[float]:
    assert isinstance(spec, Lion)
    m = 0.0
    for g in gradients:
        sign = math.copysign(1, spec.beta1 * m + (1 - spec.beta1) * g)
        w -= RATE * (sign + spec.weight_decay * w)
        m = spec.beta2 * m + (1 - spec.beta2) * g
        yield w


CASES: list[tuple[OptimizerSpec, Formula]] = [
    (Sgd(), sgd),
    (Sgd(nesterov=True), sgd),
    (Sgd(momentum=0.9), sgd),
    (Sgd(momentum=0.5, nesterov=True), sgd),
    (Adagrad(), adagrad),
    (Adagrad(epsilon=0.1), adagrad),
    (Adadelta(), adadelta),
    (Adadelta(rho=0.0, epsilon=0.1), adadelta),
    (Rmsprop(), rmsprop),
    (Rmsprop(rho=0.0, epsilon=0.1), rmsprop),
    (Rmsprop(rho=0.5, momentum=0.9, epsilon=0.01), rmsprop),
    (Adam(), adam),
    (Adam(beta1=0.0, beta2=0.5), adam),
    (Adam(beta1=0.5, beta2=0.9, epsilon=0.1), adam),
    (Adam(beta2=0.0), adam),
    (Adamw(), adam),
    (Adamw(weight_decay=0.5, epsilon=0.1), adam),
    (Amsgrad(), adam),
    (Amsgrad(beta2=0.1), adam),
    (Nadam(), nadam),
    (Nadam(beta1=0.0), nadam),
    (Nadam(beta1=0.5, beta2=0.9, epsilon=0.1, momentum_decay=0.5), nadam),
    (Lion(), lion),
    (Lion(beta1=0.0, beta2=0.0), lion),
    (Lion(beta1=0.5, beta2=0.9, weight_decay=0.1), lion),
]


@pytest.mark.parametrize(("spec", "formula"), CASES, ids=[repr(spec) for spec, _ in CASES])
def test_every_step_matches_the_formula(spec: OptimizerSpec, formula: Formula) -> None:
    start, gradients = draw(SIZE, seed=100), draw(STEPS, SIZE)
    w, g = start.copy(), np.empty(SIZE)
    optimizer = build_optimizer(spec, w, g, lambda: 0.0)
    paths = [list(formula(spec, start[i], gradients[:, i].tolist())) for i in range(SIZE)]
    for step in range(STEPS):
        g[:] = gradients[step]
        optimizer.update(RATE, step + 1)
        np.testing.assert_allclose(w, [path[step] for path in paths], rtol=1e-12)


def test_first_adam_step_equals_the_learning_rate_for_any_gradient() -> None:
    w, g = np.zeros(3), np.array([1e-3, -7.0, 1e3])
    build_optimizer(Adam(epsilon=1e-12), w, g, lambda: 0.0).update(0.1, 1)
    np.testing.assert_allclose(w, [-0.1, 0.1, -0.1])
