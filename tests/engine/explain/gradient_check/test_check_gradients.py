"""Gradient checks pass on correct code, and find a wrong backward pass of every kind of layer."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, get_args

import numpy as np
import pytest

from engine.activations import Sigmoid
from engine.arrays import Floats
from engine.explain.gradient_check.check_gradients import TOLERANCE, check_gradients
from engine.explain.trace_step import trace_step
from engine.layers.activation import ActivationLayer
from engine.layers.base import Layer
from engine.layers.batch_normalization import BatchNormalization
from engine.layers.convolution import Conv2d
from engine.layers.dense import Dense
from engine.layers.dropout import Dropout
from engine.layers.embedding import Embedding
from engine.layers.layer_normalization import LayerNormalization
from engine.layers.pooling import AveragePooling2d, MaxPooling2d
from engine.layers.reshaping import Reshape
from engine.layers.residual import Residual
from engine.losses.squared_error import MeanSquaredErrorLoss
from engine.preparation.prepare import prepare
from engine.specs import ActivationName, LayerSpec, LossName, ResolvedSpec
from engine.training.training import Training
from tests.engine.explain.gradient_check.cases import DENSE, STACKS, stack_step
from tests.engine.explain.steps import step_of, textbook
from tests.engine.golden.digests import read_specs
from tests.engine.golden.table import make_table

CLASSES = {"targets": [0, 1, 2, 1, 0], "units": 3}
COUNTS = {"targets": [[1, 0], [2, 5], [0, 0], [3, 1], [1, 1]]}
LOSSES: dict[str, dict[str, Any]] = {name: {} for name in get_args(LossName)} | {
    "cross_entropy": CLASSES,
    "hinge": CLASSES,
    "binary_cross_entropy": {"targets": [[1, 0], [0, 0], [0, 1], [1, 1], [1, 0]]},
    "poisson": COUNTS,
    "gaussian": {"targets": [1.0, -1.0, 0.5, 2.0, 0.0]},
}
CLASSES_OF: dict[str, type[Layer]] = {
    "dense": Dense,
    "conv2d": Conv2d,
    "embedding": Embedding,
    "dropout": Dropout,
    "batch_normalization": BatchNormalization,
    "layer_normalization": LayerNormalization,
    "activation": ActivationLayer,
    "max_pooling2d": MaxPooling2d,
    "average_pooling2d": AveragePooling2d,
    "flatten": Reshape,
    "reshape": Reshape,
    "residual": Residual,
}
GOLDEN = ["layer-dense", "layer-max_pooling2d", "loss-quantile", "reconstruction", "class_weight"]


def test_the_textbook_gradients_are_the_differences() -> None:
    found = check_gradients(textbook())
    assert (found.verdict, found.checked, found.parameters) == ("passed", 2, 2)
    first, last = found.layers
    assert first.worst is not None
    assert last.worst is not None
    assert f"{last.worst.difference:.6g}" == "-0.0559577"
    assert f"{first.worst.difference:.6g}" == "-0.00755707"
    assert first.worst.step == pytest.approx(np.cbrt(np.finfo(float).eps))
    assert found.objective == pytest.approx(0.0874727, abs=1e-7)
    assert found.evaluations == 5


def test_every_kind_of_layer_is_among_the_cases() -> None:
    kinds = {kind.model_fields["type"].default for kind in get_args(get_args(LayerSpec)[0])}
    assert kinds == STACKS.keys() == CLASSES_OF.keys()


@pytest.mark.parametrize("kind", STACKS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_layers_pass(kind: str, dtype: str) -> None:
    found = check_gradients(stack_step(kind, dtype=dtype, step=3))
    assert found.verdict == "passed", found.detail
    assert found.checked == found.parameters
    assert found.dtype == dtype


@pytest.mark.parametrize("name", get_args(LossName))
def test_losses_pass(name: str) -> None:
    found = check_gradients(step_of([DENSE], loss=name, **LOSSES[name]))
    assert found.verdict == "passed", found.detail


@pytest.mark.parametrize("name", get_args(ActivationName))
def test_activations_pass(name: str) -> None:
    found = check_gradients(step_of([DENSE | {"activation": name}, DENSE]))
    assert found.verdict == "passed", found.detail


@pytest.mark.parametrize("name", GOLDEN)
def test_steps_of_trainings_pass(name: str) -> None:
    spec: ResolvedSpec = read_specs()[name]
    training = Training(spec, prepare(spec, make_table()))
    training.run_epoch()
    found = check_gradients(training.next_step())
    assert found.verdict == "passed", found.detail
    for layer in found.layers:
        assert layer.checked + layer.at_kinks == min(200, layer.parameters)
        assert layer.checked >= 9 * layer.at_kinks


def scaled(method: Callable[..., Floats]) -> Callable[..., Floats]:
    """Return a backward method whose ∂x and first gradient are too large by a thousandth."""

    def backward(layer: Layer, dy: Floats) -> Floats:
        dx = method(layer, dy)
        for name in ("weight_gradient", "scale_gradient"):
            if hasattr(layer, name):
                getattr(layer, name)[...] *= 1.001
        if isinstance(layer, Embedding):
            for table in layer.tables:
                table.gradient *= 1.001
        return dx * 1.001 if layer.needs_dx else dx

    return backward


@pytest.mark.parametrize("kind", STACKS)
def test_a_wrong_backward_pass_is_found(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = CLASSES_OF[kind]
    inputs = stack_step(kind)
    monkeypatch.setattr(layer, "backward", scaled(layer.backward))
    found = check_gradients(inputs)
    assert found.verdict == "failed"
    assert "is wrong in" in found.detail
    errors = [one.largest_error for one in found.layers if one.verdict == "failed"]
    # Several layers of the kind multiply their errors; penalties dilute them.
    assert all(error is not None and 5e-4 < error < 5e-3 for error in errors)


def test_the_layer_and_parameter_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def backward(layer: LayerNormalization, dy: Floats) -> Floats:
        dx = original(layer, dy)
        layer.shift_gradient[2] = 0
        return dx

    original = LayerNormalization.backward
    monkeypatch.setattr(LayerNormalization, "backward", backward)
    found = check_gradients(stack_step("layer_normalization"))
    failed = [layer for layer in found.layers if layer.verdict == "failed"]
    assert [layer.layer for layer in failed] == ["layers.1"]
    worst = failed[0].worst
    assert worst is not None
    assert (worst.name, worst.index, worst.backward, worst.error) == ("layers.1.shift", (2,), 0, 1)


@pytest.mark.parametrize("owner", [Sigmoid, MeanSquaredErrorLoss])
def test_a_wrong_activation_or_loss_is_found(owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = step_of([DENSE | {"activation": "sigmoid"}])
    method = owner.backward

    def backward(*arguments: Any) -> Floats:
        gradient: Floats = method(*arguments) * 1.00001
        return gradient

    monkeypatch.setattr(owner, "backward", backward)
    found = check_gradients(inputs)
    assert found.verdict == "failed"
    assert found.layers[0].largest_error == pytest.approx(1e-5, rel=0.1)


def test_a_gradient_that_is_wrong_in_float32_alone_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inputs = step_of([DENSE], dtype="float32")
    method = Dense.backward

    def backward(layer: Dense, dy: Floats) -> Floats:
        dx = method(layer, dy)
        if dy.dtype == np.float32:
            layer.weight_gradient *= np.float32(1.001)
        return dx

    monkeypatch.setattr(Dense, "backward", backward)
    found = check_gradients(inputs)
    assert found.verdict == "failed"
    first = found.layers[0]
    assert first.largest_error is not None
    assert first.largest_error < TOLERANCE
    assert first.training_error == pytest.approx(0.001, rel=0.5)


def test_dropout_has_the_masks_of_the_training() -> None:
    inputs = stack_step("dropout", dtype="float32", step=5)
    found = check_gradients(inputs)
    assert found.objective == pytest.approx(trace_step(inputs).loss, rel=1e-6)
    # Other masks would change the gradient by a multiple of itself.
    assert all(layer.training_error < 1e-6 for layer in found.layers if layer.training_error)


def test_nothing_of_the_step_changes() -> None:
    inputs = stack_step("batch_normalization")
    before = {name: array.copy() for name, array in inputs.arrays.items()}
    x = inputs.batch.x.copy()
    first = check_gradients(inputs)
    np.testing.assert_array_equal(inputs.batch.x, x)
    for name, array in inputs.arrays.items():
        np.testing.assert_array_equal(array, before[name])
    assert check_gradients(inputs) == first
    json.dumps(asdict(first), allow_nan=False)


def test_frozen_parameters_are_counted() -> None:
    found = check_gradients(step_of([DENSE | {"frozen": True}, DENSE]))
    first, second, output = found.layers
    assert (first.verdict, first.frozen, first.parameters) == ("not_checked", 16, 0)
    assert (found.verdict, found.frozen, found.parameters) == ("passed", 16, 20 + 10)
    assert second.checked + output.checked == found.checked == 30


def test_a_network_without_trained_parameters_is_not_checked() -> None:
    found = check_gradients(step_of([DENSE | {"frozen": True}], output={"frozen": True}))
    assert (found.verdict, found.checked) == ("not_checked", 0)


def test_the_sample_is_bounded_and_has_every_array() -> None:
    inputs = step_of([{"type": "dense", "units": 40, "activation": "tanh"}] * 2)
    found = check_gradients(inputs, per_layer=30)
    assert [layer.checked for layer in found.layers] == [30, 30, 30]
    assert [layer.checked for layer in check_gradients(inputs, most=12).layers] == [4, 4, 4]
    assert found.evaluations == 1 + 2 * 90


def test_a_wrong_bias_is_found_in_a_small_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = step_of([{"type": "dense", "units": 40, "activation": "tanh"}])
    method = Dense.backward

    def backward(layer: Dense, dy: Floats) -> Floats:
        dx = method(layer, dy)
        layer.bias_gradient *= 2
        return dx

    monkeypatch.setattr(Dense, "backward", backward)
    found = check_gradients(inputs, per_layer=4)
    worst = found.layers[0].worst
    assert worst is not None
    assert worst.name == "layers.0.bias"


def test_stop_ends_the_check_after_some_of_every_layer() -> None:
    inputs = step_of([DENSE, DENSE])
    calls = iter([False] * 9 + [True])
    found = check_gradients(inputs, stop=lambda: next(calls))
    assert not found.is_complete
    assert [layer.checked for layer in found.layers] == [3, 3, 3]


def test_an_infinite_objective_has_no_gradient() -> None:
    inputs = step_of([])
    inputs.batch.x[0, 0] = np.inf
    found = check_gradients(inputs)
    assert (found.verdict, found.objective, found.checked) == ("not_checked", None, 0)
