import math
from collections.abc import Callable

import numpy as np
import pytest

from engine.arrays import Floats
from engine.optimizers.adam import AdamOptimizer
from engine.optimizers.base import BLOCK, Optimizer
from engine.optimizers.sgd import MomentumOptimizer, SgdOptimizer
from engine.specs import Adam
from tests.engine.examples import draw

Make = Callable[[Floats, Floats], Optimizer]
ALL: dict[str, Make] = {
    "sgd": SgdOptimizer,
    "momentum": lambda w, g: MomentumOptimizer(w, g, 0.9),
    "adam": lambda w, g: AdamOptimizer(Adam(), w, g),
}


def gradients_of(steps: int, size: int) -> list[Floats]:
    return [draw(size, seed=step) for step in range(steps)]


def run(make: Make, size: int = 5, steps: int = 20) -> Floats:
    w, g = draw(size, seed=100), np.empty(size)
    optimizer = make(w, g)
    for step, gradient in enumerate(gradients_of(steps, size), start=1):
        g[:] = gradient
        optimizer.update(0.1, step)
    return w


def test_sgd_goes_down_the_gradient() -> None:
    expected = draw(5, seed=100) - 0.1 * sum(gradients_of(20, 5))
    np.testing.assert_allclose(run(SgdOptimizer), expected)


def test_momentum_by_the_formula() -> None:
    expected = draw(5, seed=100).tolist()
    velocity = [0.0] * 5
    for gradient in gradients_of(20, 5):
        for index in range(5):
            velocity[index] = 0.9 * velocity[index] + gradient[index]
            expected[index] -= 0.1 * velocity[index]
    np.testing.assert_allclose(run(ALL["momentum"]), expected)


@pytest.mark.parametrize(
    "spec",
    [
        Adam(),
        Adam(beta1=0.0, beta2=0.5),
        Adam(beta1=0.5, beta2=0.9, epsilon=0.1),
        Adam(beta2=0.0),
    ],
)
def test_adam_by_the_paper(spec: Adam) -> None:
    expected = draw(5, seed=100).tolist()
    m, v = [0.0] * 5, [0.0] * 5
    for t, gradient in enumerate(gradients_of(20, 5), start=1):
        for i in range(5):
            m[i] = spec.beta1 * m[i] + (1 - spec.beta1) * gradient[i]
            v[i] = spec.beta2 * v[i] + (1 - spec.beta2) * gradient[i] ** 2
            m_hat, v_hat = m[i] / (1 - spec.beta1**t), v[i] / (1 - spec.beta2**t)
            expected[i] -= 0.1 * m_hat / (math.sqrt(v_hat) + spec.epsilon)
    np.testing.assert_allclose(run(lambda w, g: AdamOptimizer(spec, w, g)), expected)


def test_first_step_of_adam_is_the_learning_rate_whatever_the_gradient() -> None:
    w, g = np.zeros(3), np.array([1e-3, -7.0, 1e3])
    AdamOptimizer(Adam(epsilon=1e-12), w, g).update(0.1, 1)
    np.testing.assert_allclose(w, [-0.1, 0.1, -0.1])


@pytest.mark.parametrize("name", ALL)
def test_no_gradient_no_change(name: str) -> None:
    w = np.ones(4, np.float32)
    ALL[name](w, np.zeros_like(w)).update(0.1, 1)
    np.testing.assert_array_equal(w, 1)


def test_adam_survives_an_epsilon_too_small_for_its_type() -> None:
    w = np.ones(4, np.float32)
    AdamOptimizer(Adam(epsilon=1e-300), w, np.zeros_like(w)).update(0.1, 1)
    np.testing.assert_array_equal(w, 1)


@pytest.mark.parametrize("name", ALL)
def test_vectors_longer_than_a_block_are_updated_to_the_end(name: str) -> None:
    size = 2 * BLOCK + 3
    w = run(ALL[name], size, steps=2)
    ends = [0, BLOCK - 1, BLOCK, size - 1]
    w_ends, g = draw(size, seed=100)[ends], np.empty(4)
    optimizer = ALL[name](w_ends, g)
    for step, gradient in enumerate(gradients_of(2, size), start=1):
        g[:] = gradient[ends]
        optimizer.update(0.1, step)
    np.testing.assert_array_equal(w[ends], w_ends)


@pytest.mark.parametrize("name", ALL)
def test_gradients_are_left_alone_and_slots_have_their_shape(name: str) -> None:
    w, g = draw(5, seed=1), draw(5)
    optimizer = ALL[name](w, g)
    optimizer.update(0.1, 1)
    np.testing.assert_array_equal(g, draw(5))
    assert all(slot.shape == w.shape for slot in optimizer.slots.values())
