"""Learning one batch by heart."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.health_checks.batch_trials import MOST_STEPS
from engine.health_checks.overfit_batch import MOST_ROWS, check_overfit_batch
from engine.health_checks.rate_range import check_rate_range
from engine.specs import Sgd
from tests.engine.examples import draw
from tests.engine.health_checks.starts import flowers, line, optimizer, start_of

SGD_RATE = Sgd().learning_rate
DENSE: dict[str, Any] = {"type": "dense", "units": 32}


def test_a_network_learns_a_batch() -> None:
    found = check_overfit_batch(flowers())
    assert (found.verdict, found.rows, found.conflicting_rows) == ("passed", MOST_ROWS, 0)
    assert found.initial_loss is not None
    assert found.final_loss is not None
    assert found.goal == pytest.approx(found.initial_loss / 10)
    assert found.final_loss <= found.initial_loss / 10
    assert found.steps is not None
    assert found.steps < MOST_STEPS


def test_a_low_rate_is_raised() -> None:
    found = check_overfit_batch(line(**optimizer("sgd", 0.00001)))
    assert found.verdict == "passed"
    assert found.learning_rate in {0.0001, 0.001}


def test_a_rate_that_is_too_high_is_a_warning() -> None:
    start = line(network={"layers": []}, **optimizer("sgd", 2.0))
    found = check_overfit_batch(start)
    assert (found.verdict, found.learning_rate) == ("warning", 0.2)
    assert "lower the learning rate" in found.detail


def test_a_rate_that_is_far_too_high_is_lowered_far() -> None:
    start = line(network={"layers": []}, **optimizer("sgd", 500.0))
    found = check_overfit_batch(start)
    assert (found.verdict, found.learning_rate) == ("warning", 0.5)


def test_a_loss_that_rises_at_every_rate_fails() -> None:
    start = line(network={"layers": []}, **optimizer("sgd", 1000.0))
    x = 1e3 * start.data.x[0:]
    found = check_overfit_batch(replace(start, data=replace(start.data, x=x)))
    assert found.verdict == "failed"
    assert "fell with none of the rates" in found.detail


def test_dropout_penalties_and_smoothing_are_off() -> None:
    start = flowers(
        network={
            "layers": [
                DENSE | {"l2": 10.0, "l1": 1.0, "max_norm": 0.01},
                {"type": "residual", "layers": [{"type": "dropout", "rate": 0.9}]},
            ],
            "output": {"l2": 10.0},
        },
        loss={"type": "cross_entropy", "label_smoothing": 0.5},
        schedule={"type": "constant", "warmup_epochs": 15},
    )
    assert check_overfit_batch(start).verdict == "passed"


def test_a_network_without_capacity_fails() -> None:
    frozen = {"units": 1, "activation": "softsign", "initializer": "zeros", "frozen": True}
    found = check_overfit_batch(flowers(network={"layers": [DENSE | frozen]}))
    assert found.verdict == "failed"
    assert found.steps == MOST_STEPS
    assert "more units" in found.detail
    rate = found.learning_rate
    others = (rate_ for rate_ in (0.001, 0.01, 0.1, 0.0001) if rate_ != rate)
    assert f"no better with {', '.join(f'{one:g}' for one in others)}:" in found.detail


def test_the_network_is_blamed_only_after_sensible_rates() -> None:
    # Tens of thousands of times too high: a tenth, a hundredth, ... of it do not train either.
    start = line(network={"layers": []}, **optimizer("sgd", 1000.0))
    x = 30 * start.data.x[0:]
    start = replace(start, data=replace(start.data, x=x))
    suggested = check_rate_range(start).suggested
    found = check_overfit_batch(start, suggested=suggested)
    assert (found.verdict, found.learning_rate) == ("warning", suggested[0])
    assert "with 1000, 100, 10, 1, 0.1" in found.detail
    assert "lower the learning rate" in found.detail


def test_the_optimizers_own_rate_is_tried() -> None:
    start = line(network={"layers": []}, **optimizer("sgd", 1000.0))
    x = 4 * start.data.x[0:]
    found = check_overfit_batch(replace(start, data=replace(start.data, x=x)))
    assert (found.verdict, found.learning_rate) == ("warning", SGD_RATE)


def test_a_vanishing_gradient_is_named() -> None:
    layer = {"type": "dense", "units": 8, "activation": "sigmoid"}
    found = check_overfit_batch(flowers(network={"layers": [layer] * 8}))
    assert found.verdict == "failed"
    assert "the gradient vanishes (the gradient per weight of layers.0 is " in found.detail
    assert "use relu instead of sigmoid" in found.detail
    assert "more units" not in found.detail


def test_dead_units_are_named() -> None:
    dead = DENSE | {"initializer": {"type": "constant", "value": -0.5}}
    found = check_overfit_batch(flowers(network={"layers": [DENSE, dead, dead]}))
    assert found.verdict == "failed"
    assert "all relu units of layers.1, layers.2 are zero" in found.detail
    assert "leaky_relu" in found.detail


def test_equal_inputs_with_different_targets_are_counted() -> None:
    x = np.repeat(draw(20, seed=1), 2)
    codes = np.where(np.arange(40) < 12, np.arange(40) % 2, 0).astype(np.int32)
    columns: dict[str, Column] = {
        "x": NumericColumn(x),
        "kind": CategoricalColumn(codes, ("a", "b")),
    }
    start = start_of(columns, target="kind", validation=None)
    found = check_overfit_batch(start)
    rows = np.linspace(0, 39, MOST_ROWS).astype(int)
    pairs = [(row, row + 1) for row in range(0, 12, 2)]
    complete = sum(a in rows and b in rows for a, b in pairs)
    assert found.conflicting_rows == 2 * complete > 0
    assert found.lowest_loss == pytest.approx(found.conflicting_rows / MOST_ROWS * np.log(2))
    assert found.lowest_loss is not None
    assert found.goal is not None
    assert found.goal > found.lowest_loss
    assert "add features" in found.detail


def test_only_conflicting_rows_are_a_warning() -> None:
    start = line(network={"layers": []})
    x = np.ones_like(start.data.x[0:])
    found = check_overfit_batch(replace(start, data=replace(start.data, x=x)))
    assert found.conflicting_rows == MOST_ROWS
    assert found.verdict == "warning"
    assert found.lowest_loss == pytest.approx(np.var(start.sample(MOST_ROWS).y), rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "output"), [("poisson", "exponential"), ("gaussian", "linear"), ("huber", "linear")]
)
def test_losses_of_numbers_are_learned(loss: str, output: str) -> None:
    y = np.random.default_rng(3).poisson(2.0, 40).astype(np.float64)
    columns: dict[str, Column] = {
        "a": NumericColumn(draw(40, seed=1)),
        "b": NumericColumn(draw(40, seed=2)),
        "y": NumericColumn(y),
    }
    request: dict[str, Any] = {"target": "y", "task": "regression", "loss": loss}
    network = {"layers": [DENSE, DENSE], "output": {"activation": output}}
    scaling = {"preprocessing": {"target": "none"}} if loss == "poisson" else {}
    found = check_overfit_batch(start_of(columns, network=network, **request, **scaling))
    assert found.verdict == "passed"
    assert found.lowest_loss != 0 or loss == "huber"


def test_stop_ends_the_check() -> None:
    calls = iter([False, False, True])
    found = check_overfit_batch(flowers(), lambda: next(calls))
    assert found.verdict == "not_applicable"
