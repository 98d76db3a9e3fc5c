"""No number that an epoch's record or a training's state holds is infinite or NaN."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, NumericColumn
from engine.errors import DivergenceError
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import prepared, same_arrays

AS_IT_IS: dict[str, Any] = {
    "target": "y",
    "task": "regression",
    "epochs": 2,
    "validation": None,
    "preprocessing": {"numeric": "none", "target": "none"},
    "network": {"layers": [{"type": "dense", "units": 3, "activation": "linear"}]},
}
CLIP = {"gradient_clip": {"type": "value", "limit": 1.0}}
SLOW = {"optimizer": {"type": "sgd", "learning_rate": 1e-6}}


def begin(x: float, y: float, weight: float, **options: Any) -> Training:
    """A training on inputs of about x and targets of about y, from weights of about `weight`."""
    shares = np.linspace(1, 2, 64)
    columns: dict[str, Column] = {
        "a": NumericColumn(x * shares),
        "y": NumericColumn(y * shares[::-1]),
    }
    spec, data = prepared(TrainingSpec.model_validate(AS_IT_IS | options), columns)
    new = Training(spec, data).weights()
    weights = {
        name: np.full_like(array, weight if name.endswith("weight") else 0)
        for name, array in new.items()
    }
    return Training(spec, data, weights)


def require_json(value: object) -> None:
    """PostgreSQL's JSON has no number that is infinite."""
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "options", [CLIP | SLOW, {"optimizer": "lion", "batch_size": "full", "epochs": 1}]
)
def test_an_infinite_gradient_has_no_length(options: dict[str, Any]) -> None:
    training = begin(1e36, 1.0, 1e-3, loss={"type": "huber", "delta": 1e6}, **options)
    for record in train(training):
        assert record.gradient_norm is None
        assert record.layers[0].gradient_norm is None
        require_json(asdict(record))


def test_an_update_of_any_size_has_a_ratio_or_none() -> None:
    fast = {"optimizer": {"type": "lion", "learning_rate": 1000.0}, "batch_size": "full"}
    training = begin(1.0, 1.0, 1e-310, dtype="float64", epochs=1, **fast)
    (record,) = train(training)
    assert [layer.update_ratio for layer in record.layers] == [None, None]
    require_json(asdict(record))


def test_an_infinite_penalty_is_left_out() -> None:
    layer = {"type": "dense", "units": 3, "activation": "linear", "l2": 1e-3}
    training = begin(1e-30, 1.0, 1e20, network={"layers": [layer]}, **CLIP, **SLOW)
    for record in train(training):
        assert "penalty" not in record.metrics
        require_json(asdict(record))


def test_losses_whose_sum_overflows_are_divergence() -> None:
    still = {"optimizer": {"type": "sgd", "learning_rate": 1e-300}}
    training = begin(
        1.0, 1e307, 1e-3, loss="mean_absolute_error", dtype="float64", metrics=["mae"], **still
    )
    with pytest.raises(DivergenceError):
        list(train(training))


def test_a_state_in_the_middle_of_an_epoch_is_json_and_goes_on_to_the_same_bits() -> None:
    def make() -> Training:
        return begin(1.0, 1e30, 1e-3, loss="mean_absolute_error", batch_size=8, **SLOW)

    undisturbed, stopped, resumed = make(), make(), make()
    expected = list(train(undisturbed))
    steps = iter((False, False, False, True))
    assert list(train(stopped, lambda: next(steps))) == []
    state = stopped.state()
    assert state.numbers["step"] == 3
    require_json(state.numbers)
    resumed.restore(state)
    assert list(train(resumed)) == expected
    assert same_arrays(resumed.weights(), undisturbed.weights())
