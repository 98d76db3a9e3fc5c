"""The loss before the first step against its expectation."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, NumericColumn
from engine.health_checks.initial_loss import check_initial_loss
from engine.health_checks.training_start import TrainingStart
from engine.training.training import Training
from tests.engine.examples import draw, flower_columns, line_columns
from tests.engine.health_checks.starts import flowers, line, start_of


def test_classes_have_the_logarithm_of_their_number_and_their_entropy() -> None:
    found = check_initial_loss(flowers())
    assert found.verdict == "passed"
    assert found.expectation == "ln 3"
    assert found.expected == pytest.approx(np.log(3))
    assert found.best_constant == pytest.approx(np.log(3), rel=0.01)
    assert found.rows == 72
    assert found.loss is not None
    assert found.ratio == pytest.approx(found.loss / np.log(3))


def test_rare_classes_lower_the_entropy_and_not_the_expectation() -> None:
    columns = flower_columns(60)
    kinds = columns["kind"]
    kinds.codes[:] = np.where(np.arange(60) % 10 == 0, kinds.codes, 0)  # type: ignore[union-attr]
    found = check_initial_loss(start_of(columns, target="kind"))
    assert found.expected == pytest.approx(np.log(3))
    assert found.best_constant is not None
    assert found.best_constant < 0.5


@pytest.mark.parametrize(
    ("loss", "expectation", "expected"),
    [
        ("mean_squared_error", "variance of the scaled target", 1.0),
        ("half_squared_error", "half the variance of the scaled target", 0.5),
    ],
)
def test_standardized_targets_have_their_variance(
    loss: str, expectation: str, expected: float
) -> None:
    found = check_initial_loss(line(loss=loss))
    assert (found.verdict, found.expectation) == ("passed", expectation)
    assert found.expected == pytest.approx(expected, rel=1e-4)
    assert found.expected == found.best_constant


def test_two_classes_have_the_logarithm_of_two() -> None:
    columns = flower_columns()
    columns["kind"] = NumericColumn((np.arange(90) % 2).astype(np.float64))
    found = check_initial_loss(start_of(columns, target="kind", task="classification"))
    assert found.expectation == "ln 2"
    assert found.expected == pytest.approx(np.log(2))


def test_an_unscaled_target_is_to_be_standardized() -> None:
    found = check_initial_loss(line(preprocessing={"target": "none"}))
    assert found.verdict == "warning"
    assert '{"target": "standardize"}' in found.detail


@pytest.mark.parametrize(("mean", "verdict"), [(3.0, "warning"), (0.5, "passed")])
def test_targets_far_from_zero_are_a_warning(mean: float, verdict: str) -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn(draw(80, seed=1)),
        "y": NumericColumn(mean + draw(80, seed=2)),
    }
    start = start_of(columns, target="y", preprocessing={"target": "none"})
    assert check_initial_loss(start).verdict == verdict


@pytest.mark.parametrize("make", [line, flowers])
def test_default_networks_pass_with_any_seed(make: Callable[..., TrainingStart]) -> None:
    verdicts = {check_initial_loss(make(seed=seed)).verdict for seed in range(20)}
    assert verdicts == {"passed"}


def raw(factor: float) -> dict[str, Column]:
    columns = flower_columns()
    return columns | {"length": NumericColumn(factor * draw(90, seed=3))}


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "passed"), (1e3, "failed")])
def test_inputs_that_are_too_large_are_to_be_scaled(factor: float, verdict: str) -> None:
    start = start_of(raw(factor), target="kind", preprocessing={"numeric": "none"})
    found = check_initial_loss(start)
    assert found.verdict == verdict
    assert ("standardize the inputs" in found.detail) == (verdict == "failed")


def test_a_loss_that_is_not_finite_fails() -> None:
    start = line()
    x = np.full_like(start.data.x[0:], 1e30)
    found = check_initial_loss(replace(start, data=replace(start.data, x=x)))
    assert (found.verdict, found.loss, found.ratio) == ("failed", None, None)


def test_equal_targets_have_no_expected_loss() -> None:
    start = line()
    y = np.zeros_like(start.data.y[0:])
    found = check_initial_loss(replace(start, data=replace(start.data, y=y)))
    assert found.verdict == "not_applicable"


def test_trained_weights_have_no_expected_loss() -> None:
    start = flowers()
    weights = Training(start.spec, start.data).weights()
    assert check_initial_loss(replace(start, weights=weights)).verdict == "not_applicable"


@pytest.mark.parametrize("loss", ["poisson", "gaussian"])
def test_likelihoods_are_compared_by_their_difference(loss: str) -> None:
    y = np.random.default_rng(3).poisson(2.0, 80).astype(np.float64)
    columns: dict[str, Column] = {"x": NumericColumn(draw(80, seed=1)), "y": NumericColumn(y)}
    request: dict[str, Any] = {"target": "y", "task": "regression", "loss": loss}
    found = check_initial_loss(start_of(columns, **request))
    assert found.verdict == "passed"
    assert found.loss is not None
    assert found.expected is not None
    scale = max(1.0, abs(found.expected))
    assert found.ratio == pytest.approx(1 + (found.loss - found.expected) / scale)


def test_a_network_with_large_workspaces_has_a_smaller_sample() -> None:
    wide = [{"type": "dense", "units": 60_000}, {"type": "dense", "units": 2}]
    start = line(network={"layers": wide, "output": {}}, validation=None)
    assert len(start.sample(1024).x) == 60
    start = start_of(line_columns(3000), target="y", network={"layers": wide})
    # 60,000 units need 480 KB per row for values and what the activation keeps.
    assert 32 <= len(start.sample(1024).x) < 150
    assert len(start_of(line_columns(3000), target="y").sample(1024).x) == 1024
