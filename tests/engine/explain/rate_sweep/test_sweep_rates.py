"""The loss along the direction of a step."""

import json
from dataclasses import asdict
from typing import Any, get_args

import numpy as np
import pytest

from engine.errors import SpecError
from engine.explain.counterfactual.compare_steps import compare_steps
from engine.explain.rate_sweep.results import SweepRange
from engine.explain.rate_sweep.sweep_rates import sweep_rates
from engine.explain.trace_step import trace_step
from engine.preparation.prepare import prepare
from engine.specs import OptimizerName
from engine.specs.step_change import StepChange
from engine.training.step_inputs import StepInputs
from engine.training.training import Training
from tests.engine.explain.steps import step_of, textbook
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

TANH: dict[str, Any] = {"type": "dense", "units": 6, "activation": "tanh"}
LINEAR = [name for name in get_args(OptimizerName) if name != "lbfgs"]


def later_step(name: str, step: int = 3) -> StepInputs:
    spec = read_specs()[name]
    training = Training(spec, prepare(spec, make_table()))
    while training.steps_done < step:
        training.run_epoch(lambda: training.steps_done >= step)
    return training.next_step()


def after_step(inputs: StepInputs, rate: float) -> float | None:
    return compare_steps(inputs, StepChange(learning_rate=rate)).batch.losses.changed


def test_the_textbook_curve_is_that_of_its_formula() -> None:
    found = sweep_rates(textbook(), SweepRange(points=7))
    assert (found.method, found.rate) == ("scaled_update", 0.5)
    assert found.rates == pytest.approx([5e-4, 5e-3, 0.05, 0.5, 5, 50, 500])
    for rate, loss in zip(found.rates, found.update.losses, strict=True):
        w1, w2 = 0.4 + rate * 0.007557072557793297, 0.6 + rate * 0.055957672744995204
        hidden = 1 / (1 + np.exp(-0.5 * w1))
        assert loss == pytest.approx((1 - 1 / (1 + np.exp(-w2 * hidden))) ** 2 / 2, rel=1e-9)
    assert found.loss == pytest.approx(0.0874727, abs=1e-7)
    assert found.loss_after == pytest.approx(found.update.losses[3], rel=1e-12)
    assert found.update.lowest_at == pytest.approx(500)
    # Plain gradient descent goes the same way.
    assert found.gradient_descent.losses == pytest.approx(found.update.losses, rel=1e-9)


@pytest.mark.parametrize("name", LINEAR)
def test_the_curve_is_the_loss_after_the_step_with_each_rate(name: str) -> None:
    inputs = later_step(f"optimizer-{name}")
    found = sweep_rates(inputs, SweepRange(points=5))
    for rate, loss in zip(found.rates, found.update.losses, strict=True):
        assert loss == pytest.approx(after_step(inputs, rate), rel=2e-5)


@pytest.mark.parametrize(
    "name", ["optimizer-adam", "layer-dense", "layer-dropout", "loss-gaussian"]
)
def test_the_ends_of_the_step_are_those_of_the_training(name: str) -> None:
    inputs = later_step(name)
    found = sweep_rates(inputs, SweepRange(points=3))
    assert found.loss == trace_step(inputs).loss
    assert (
        found.loss_after == compare_steps(inputs, StepChange(learning_rate=1)).batch.losses.actual
    )


def test_gradient_descent_on_a_parabola_has_its_minimum() -> None:
    inputs = step_of([], rows=8, units=1)
    found = sweep_rates(inputs, SweepRange(points=201))
    x = np.hstack([inputs.batch.x, np.ones((8, 1))])
    hessian = 2 * x.T @ x / 8
    trace = trace_step(inputs)
    parts = [one.gradient.reshape(-1) for one in trace.parameters if one.gradient is not None]
    g = np.concatenate(parts)
    best = float(g @ g / (g @ hessian @ g))
    # The rates are a factor 1.07 apart.
    assert found.gradient_descent.lowest_at == pytest.approx(best, rel=0.04)
    assert found.gradient_descent.lowest_loss is not None
    expected = trace.loss - 0.5 * best * float(g @ g)
    assert found.gradient_descent.lowest_loss == pytest.approx(expected, rel=1e-3)


def test_penalties_are_part_of_the_objective_only() -> None:
    inputs = step_of([TANH | {"l2": 0.5}])
    found = sweep_rates(inputs, SweepRange(points=3))
    trace = trace_step(inputs)
    assert found.loss == trace.loss
    assert found.objective == pytest.approx(trace.loss + trace.penalty)
    assert found.update.objectives[0] > found.update.losses[0]  # type: ignore[operator]


def test_max_norm_limits_the_weights_at_every_rate() -> None:
    inputs = step_of([TANH | {"max_norm": 0.1}])
    found = sweep_rates(inputs, SweepRange(points=3))
    for rate, loss in zip(found.rates, found.update.losses, strict=True):
        assert loss == pytest.approx(after_step(inputs, rate), rel=1e-9)


def test_lbfgs_is_swept_along_its_direction() -> None:
    inputs = later_step("optimizer-lbfgs")
    found = sweep_rates(inputs, SweepRange(points=49))
    assert found.method == "line_search"
    assert found.loss is not None
    assert found.loss_after is not None
    assert found.loss_after < found.loss
    # The step length satisfies the Wolfe conditions: it is not far from the minimum.
    assert found.update.lowest_at is not None
    assert 0.1 < found.update.lowest_at / found.rate < 10
    middle = found.update.losses[24]
    assert middle == pytest.approx(found.loss_after, rel=1e-5)


def test_a_step_that_lbfgs_does_not_take_has_no_direction() -> None:
    weights = {"output.weight": [[0.0]], "output.bias": [1.0]}
    inputs = step_of(
        [],
        in_features=1,
        units=1,
        weights=weights,
        targets=[1.0] * 5,
        optimizer="lbfgs",
    )
    found = sweep_rates(inputs)
    assert (found.rate, found.rates, found.update.losses) == (0, (), ())
    assert found.update.lowest_at is None


def test_losses_that_are_not_finite_are_null() -> None:
    inputs = step_of([], loss="poisson", targets=[[1, 2]] * 5, dtype="float32")
    found = sweep_rates(inputs, SweepRange(lowest=1e-3, highest=1e6, points=19))
    assert found.update.losses[-1] is None
    assert found.update.losses[0] is not None
    assert found.update.lowest_loss is not None
    json.dumps(asdict(found), allow_nan=False)
    inputs.batch.x[0, 0] = np.inf
    found = sweep_rates(inputs, SweepRange(points=3))
    assert (found.loss, found.loss_after, found.update.lowest_at) == (None, None, None)
    json.dumps(asdict(found), allow_nan=False)


@pytest.mark.parametrize(
    ("span", "pointer"),
    [
        (SweepRange(points=1), "/points"),
        (SweepRange(points=202), "/points"),
        (SweepRange(lowest=0.0), "/lowest"),
        (SweepRange(lowest=float("nan")), "/lowest"),
        (SweepRange(highest=float("inf")), "/highest"),
        (SweepRange(lowest=1e13), "/lowest"),
        (SweepRange(lowest=1.0, highest=0.5), "/highest"),
    ],
)
def test_a_range_that_is_none_is_refused(span: SweepRange, pointer: str) -> None:
    with pytest.raises(SpecError) as caught:
        sweep_rates(textbook(), span)
    assert caught.value.problems[0].pointer == pointer


def test_the_default_range_has_the_rate_in_its_middle() -> None:
    inputs = later_step("layer-batch_normalization")
    before = {name: array.copy() for name, array in inputs.arrays.items()}
    found = sweep_rates(inputs)
    assert len(found.rates) == 49
    assert found.rates[24] == pytest.approx(found.rate)
    assert found.rates[0] == pytest.approx(found.rate / 1000)
    for name, array in inputs.arrays.items():
        np.testing.assert_array_equal(array, before[name])
