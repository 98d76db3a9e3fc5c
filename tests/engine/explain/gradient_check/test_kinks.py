"""Parameters whose differences meet a kink are left out and counted."""

from typing import Any

import pytest

from engine.explain.gradient_check.check_gradients import check_gradients
from engine.training.step_inputs import StepInputs
from tests.engine.explain.steps import step_of

ONES: dict[str, Any] = {"in_features": 1, "rows": 1, "units": 1}
RELU: dict[str, Any] = {"type": "dense", "units": 1, "activation": "relu"}
LINEAR = RELU | {"activation": "linear"}


def one_unit(activation: Any, z: float) -> StepInputs:
    """Return a step in which one unit has the input z = w x + b, with x = 1."""
    weights = {"layers.0.weight": [[0.0]], "layers.0.bias": [z], "output.weight": [[1.0]]}
    inputs = step_of([RELU | {"activation": activation}], weights=weights, targets=[2.0], **ONES)
    inputs.batch.x[:] = 1
    return inputs


@pytest.mark.parametrize(
    ("activation", "kink"),
    [
        ("relu", 0.0),
        ("leaky_relu", 0.0),
        ("elu", 0.0),
        ("selu", 0.0),
        ("hard_sigmoid", -3.0),
        ("hard_sigmoid", 3.0),
    ],
)
def test_a_unit_at_its_kink_is_left_out(activation: str, kink: float) -> None:
    found = check_gradients(one_unit(activation, kink))
    assert [layer.at_kinks for layer in found.layers] == [2, 0]
    assert (found.verdict, found.checked) == ("passed", 2)
    assert "2 are left out at kinks" in found.detail


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "elu", "selu"])
@pytest.mark.parametrize("z", [2e-6, -2e-6])
def test_near_a_kink_the_step_is_smaller(activation: str, z: float) -> None:
    found = check_gradients(one_unit(activation, z))
    assert (found.verdict, found.checked, found.at_kinks) == ("passed", 4, 0)
    assert found.layers[0].worst is not None
    assert found.layers[0].worst.step < 2e-6


def test_only_units_at_kinks_leave_nothing_to_check() -> None:
    weights = {"layers.0.weight": [[0.0]], "layers.0.bias": [0.0]}
    step = step_of([RELU], weights=weights, targets=[2.0], output={"frozen": True}, **ONES)
    found = check_gradients(step)
    assert (found.verdict, found.checked, found.at_kinks) == ("not_checked", 0, 2)
    assert "no parameter could be compared" in found.detail


@pytest.mark.parametrize(
    ("loss", "target", "at_kinks"),
    [
        ("mean_absolute_error", 1.0, 2),
        ({"type": "quantile", "quantile": 0.3}, 1.0, 2),
        ({"type": "huber", "delta": 0.5}, 1.5, 2),
        ({"type": "huber", "delta": 0.5}, 0.5, 2),
        ("mean_absolute_error", 0.9, 0),
        ({"type": "huber", "delta": 0.5}, 1.0, 0),
        ("mean_squared_error", 1.0, 0),
    ],
)
def test_terms_of_losses_have_kinks(loss: Any, target: float, at_kinks: int) -> None:
    weights = {"output.weight": [[1.0]], "output.bias": [0.0]}
    inputs = step_of([], weights=weights, targets=[target], loss=loss, **ONES)
    inputs.batch.x[:] = 1
    found = check_gradients(inputs)
    assert (found.at_kinks, found.checked) == (at_kinks, 2 - at_kinks)
    assert found.verdict == ("not_checked" if at_kinks else "passed")


@pytest.mark.parametrize(("margin", "at_kinks"), [(1.0, 4), (0.9, 0)])
def test_a_margin_that_is_just_kept_is_a_kink(margin: float, at_kinks: int) -> None:
    weights = {"output.weight": [[1.0, 0.0]], "output.bias": [0.0, 0.0]}
    loss = {"type": "hinge", "margin": margin}
    inputs = step_of([], weights=weights, targets=[0], loss=loss, **ONES | {"units": 2})
    inputs.batch.x[:] = 1
    assert check_gradients(inputs).at_kinks == at_kinks


def test_equal_values_in_a_pooling_window_are_a_kink() -> None:
    layers: list[dict[str, Any]] = [
        {"type": "reshape", "shape": [1, 2, 1]},
        {"type": "conv2d", "filters": 1, "kernel_size": 1, "activation": "linear"},
        {"type": "max_pooling2d", "pool_size": [1, 2]},
        {"type": "flatten"},
    ]
    inputs = step_of(layers, in_features=2, rows=1, units=1, targets=[0.5])
    inputs.batch.x[0] = [1, 1 - 1e-9]
    kernel, output = check_gradients(inputs).layers
    # The bias moves both values together, the weight by a difference that rounding hides.
    assert kernel.at_kinks == 0
    weights = {"layers.1.weight": [[[[0.0]]]]}
    inputs = step_of(layers, in_features=2, rows=1, units=1, targets=[0.5], weights=weights)
    kernel, output = check_gradients(inputs).layers
    assert (kernel.at_kinks, kernel.checked) == (1, 1)
    assert output.verdict == "passed"


@pytest.mark.parametrize(("weight", "at_kinks"), [(0.0, 1), (1e-9, 1), (2e-6, 0), (0.1, 0)])
def test_l1_has_a_kink_at_zero(weight: float, at_kinks: int) -> None:
    weights = {"output.weight": [[weight]]}
    inputs = step_of([], weights=weights, targets=[0.5], output={"l1": 0.1}, **ONES)
    found = check_gradients(inputs)
    assert (found.at_kinks, found.checked) == (at_kinks, 2 - at_kinks)
    assert found.verdict == "passed"
