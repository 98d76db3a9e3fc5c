import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.arrays import Floats
from engine.optimizers.base import BLOCK
from engine.optimizers.inverse_hessian import InverseHessian
from engine.optimizers.lbfgs import LbfgsOptimizer
from engine.optimizers.line_search import LineSearch, Trial
from engine.specs import Lbfgs
from tests.engine.examples import draw

# Maps the parameters to the loss and its gradient.
Function = Callable[[Floats], tuple[float, Floats]]


def rosenbrock(w: Floats) -> tuple[float, Floats]:
    a, b = 1 - w[0], w[1] - w[0] ** 2
    gradient = np.array([-2 * a - 400 * w[0] * b, 200 * b])
    return float(a**2 + 100 * b**2), gradient


def quadratic(w: Floats) -> tuple[float, Floats]:
    """½ wᵀ A w, with eigenvalues from 1 to 100."""
    directions = np.linalg.qr(draw(len(w), len(w)))[0]
    gradient = directions @ (np.linspace(1, 100, len(w)) * (directions.T @ w))
    return float(w @ gradient / 2), gradient


class Descent:
    """L-BFGS on a function; counts the evaluations."""

    def __init__(self, function: Function, w: Floats, **spec: Any) -> None:
        self.function, self.w, self.g, self.evaluations = function, w, np.zeros_like(w), 0
        self.least = 0.0
        self.optimizer = LbfgsOptimizer(Lbfgs(**spec), w, self.g, self.evaluate)

    def evaluate(self) -> float:
        self.evaluations += 1
        loss, self.g[:] = self.function(self.w)
        return loss

    def run(self, steps: int, learning_rate: float = 1.0) -> float:
        for step in range(1, steps + 1):
            self.optimizer.update(learning_rate, step)
        return self.evaluate()


def test_rosenbrock_is_solved_in_forty_steps() -> None:
    descent = Descent(rosenbrock, np.array([-1.2, 1.0]))
    descent.run(40)
    np.testing.assert_allclose(descent.w, 1, rtol=1e-4)
    assert descent.evaluations < 120


@pytest.mark.parametrize("history", [1, 3, 10])
def test_a_quadratic_function_is_solved_in_few_steps(history: int) -> None:
    assert Descent(quadratic, draw(8, seed=1), history=history).run(40) < 1e-7


def test_a_quadratic_function_is_solved_in_single_precision() -> None:
    descent = Descent(quadratic, draw(8, seed=1).astype(np.float32))
    assert descent.run(40) < 1e-6
    assert descent.w.dtype == np.float32


def test_vectors_longer_than_a_block_are_solved_to_the_end() -> None:
    least = draw(2 * BLOCK + 3)
    c = np.linspace(1, 3, len(least))
    descent = Descent(
        lambda w: (float(c @ (w - least) ** 2) / 2, c * (w - least)), np.zeros_like(least)
    )
    descent.run(12)
    np.testing.assert_allclose(descent.w, least, atol=1e-4)


def test_no_step_increases_the_loss() -> None:
    descent = Descent(rosenbrock, draw(2, seed=4))
    losses = [descent.run(1) for _ in range(30)]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("most", [1, 2, 5])
def test_evaluations_per_step_are_limited(most: int) -> None:
    descent = Descent(rosenbrock, np.array([-1.2, 1.0]), max_evaluations=most)
    for _ in range(20):
        before = descent.evaluations
        descent.optimizer.update(1.0, 1)
        assert descent.evaluations - before <= 1 + most  # One evaluation is at the starting point.


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_step_is_shortened_where_the_loss_is_not_finite(bad: float) -> None:
    def walled(w: Floats) -> tuple[float, Floats]:
        """(w − 1)², not finite beyond 1.5."""
        return (bad, w * bad) if w[0] > 1.5 else (float((w[0] - 1) ** 2), 2 * (w - 1))

    descent = Descent(walled, np.zeros(1))
    descent.run(6, learning_rate=1000.0)
    np.testing.assert_allclose(descent.w, 1)


def test_failed_step_leaves_the_weights_unchanged() -> None:
    def climbing(w: Floats) -> tuple[float, Floats]:
        """The gradient has the wrong sign: every descent direction leads up."""
        return float(w @ w), -2 * w

    descent = Descent(climbing, draw(3))
    descent.run(3)
    np.testing.assert_array_equal(descent.w, draw(3))


def test_optimization_recovers_after_a_failed_step() -> None:
    descent = Descent(rosenbrock, np.array([-1.2, 1.0]))
    descent.run(10)
    descent.function = lambda w: (rosenbrock(w)[0], -rosenbrock(w)[1])
    descent.optimizer.update(1.0, 11)
    descent.function = rosenbrock
    descent.run(40)
    np.testing.assert_allclose(descent.w, 1, rtol=1e-4)


def test_initially_non_finite_loss_changes_nothing() -> None:
    descent = Descent(lambda w: (math.nan, w), np.ones(2))
    descent.run(2)
    np.testing.assert_array_equal(descent.w, 1)


def test_inverse_hessian_satisfies_the_secant_equation() -> None:
    inverse = InverseHessian(3, np.zeros(6))
    for seed in range(5):
        s = draw(6, seed=seed)
        y = s * np.linspace(1, 2, 6)
        inverse.propose_pair(s, y)
        inverse.keep_pair()
    product = y.copy()
    inverse.multiply(product)
    np.testing.assert_allclose(product, s)


SCALES = [1e-12, 1e-9, 1e-6, 1e-3, 1.0, 1e3, 1e6, 1e9, 1e12]


def regression(target: float, inputs: float) -> Descent:
    """Least squares with a residual; both scales are factors."""
    x, y = inputs * draw(40, 3) * [1, 2, 5], target * draw(40, seed=1)

    def loss(w: Floats) -> tuple[float, Floats]:
        error = x @ w - y
        return float(error @ error) / 40, 2 / 40 * (x.T @ error)

    descent = Descent(loss, np.zeros(3))
    descent.least = loss(np.linalg.lstsq(x, y, rcond=None)[0])[0]
    return descent


@pytest.mark.parametrize("target", SCALES)
@pytest.mark.parametrize("inputs", [1e-6, 1.0, 1e6])
def test_the_same_solution_is_found_at_any_scale(target: float, inputs: float) -> None:
    descent = regression(target, inputs)
    assert descent.run(14) == pytest.approx(descent.least, rel=1e-8)


@pytest.mark.parametrize("target", SCALES)
def test_a_solution_costs_one_evaluation_per_step_at_any_scale(target: float) -> None:
    descent = regression(target, 1.0)
    descent.run(30)
    before = descent.evaluations
    descent.run(10)
    assert descent.evaluations - before == 11  # One is of `run` itself.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_perfect_fit_costs_one_evaluation_per_step(dtype: Any) -> None:
    def loss(w: Floats) -> tuple[float, Floats]:
        error = x @ w - y
        return float(error @ error), 2 * x.T @ error

    x = draw(20, 4).astype(dtype)
    y = x @ np.array([1, 2, 3, 4], dtype) / 3
    descent = Descent(loss, np.zeros(4, dtype))
    assert descent.run(40) < 100 * np.finfo(dtype).eps ** 2
    before = descent.evaluations
    descent.run(10)
    assert descent.evaluations - before == 11


def test_a_direction_that_failed_is_followed_by_steepest_descent() -> None:
    descent = Descent(rosenbrock, np.array([-1.2, 1.0]))
    descent.run(10)
    descent.function = lambda w: (rosenbrock(w)[0], -rosenbrock(w)[1])
    descent.optimizer.update(1.0, 11)
    before = descent.evaluations
    descent.optimizer.update(1.0, 12)
    assert descent.evaluations > before + 1
    before = descent.evaluations
    descent.optimizer.update(1.0, 13)
    assert descent.evaluations == before + 1


def test_pair_without_curvature_is_skipped() -> None:
    inverse = InverseHessian(3, np.zeros(4))
    inverse.propose_pair(draw(4), -draw(4))
    assert inverse.is_identity


def search(function: Callable[[float], tuple[float, float]], alpha: float) -> Trial:
    start = Trial(0.0, *function(0.0))
    return LineSearch(lambda a: Trial(a, *function(a)), start, 25).run(alpha)


@pytest.mark.parametrize("alpha", [1e-3, 0.1, 1.0, 30.0])
def test_line_search_result_satisfies_the_strong_wolfe_conditions(alpha: float) -> None:
    """Uses the first function of Moré and Thuente 1994: −α / (α² + 2)."""

    def function(a: float) -> tuple[float, float]:
        return -a / (a * a + 2), (a * a - 2) / (a * a + 2) ** 2

    found = search(function, alpha)
    assert found.loss <= 1e-4 * found.alpha * -0.5
    assert abs(found.slope) <= 0.9 * 0.5


def test_line_search_on_a_straight_line_extends_the_step() -> None:
    assert search(lambda a: (-a, -1.0), 1.0).alpha > 1e6
