"""Layer diagnostics at the end of an epoch."""

import math
from typing import Any

import numpy as np
import pytest

from engine.activations import build_activation
from engine.specs import Activation, ActivationName, TrainingSpec
from engine.training.layer_diagnostics import LayerDiagnostics
from engine.training.loop import train
from tests.engine.examples import FLOAT64, draw, flower_columns, network_spec, random_network, start


def test_each_layer_that_is_trained_or_has_an_activation_to_measure_is_reported() -> None:
    layers = [
        {"type": "dense", "units": 4, "activation": "gelu"},
        {"type": "dense", "units": 3, "activation": "linear", "frozen": True},
        {"type": "layer_normalization", "frozen": True},
        {"type": "activation", "activation": "relu"},
        {"type": "dense", "units": 3, "activation": "tanh", "frozen": True},
    ]
    spec = TrainingSpec.model_validate(
        {"target": "kind", "epochs": 1, "network": {"layers": layers}}
    )
    *_, record = train(start(spec, flower_columns()))
    first, relu, tanh, output = record.layers
    assert [layer.name for layer in record.layers] == ["layers.0", "layers.3", "layers.4", "output"]
    assert (first.gradient_norm or 0.0) > 0
    assert (output.gradient_norm or 0.0) > 0
    assert (first.dead_units, first.saturated_units) == (None, None)
    assert relu.dead_units is not None
    assert (relu.gradient_norm, relu.update_ratio, relu.saturated_units) == (None, None, None)
    assert (tanh.gradient_norm, tanh.dead_units) == (None, None)
    assert tanh.saturated_units is not None


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"gradient_clip": {"type": "norm", "limit": 1e-3}},
        {"gradient_clip": {"type": "value", "limit": 1e-3}},
        {"optimizer": "lbfgs"},
    ],
    ids=["plain", "clip by norm", "clip by value", "lbfgs"],
)
def test_norms_are_those_of_the_gradient_at_the_weights_before_the_step(
    options: dict[str, Any],
) -> None:
    layers = [{"type": "dense", "units": 4, "activation": "tanh", "l2": 0.1}]
    spec = {"target": "kind", "epochs": 1, "batch_size": "full", "network": {"layers": layers}}
    spec |= {"dtype": "float64", "optimizer": "sgd", **options}
    training = start(TrainingSpec.model_validate(spec), flower_columns())
    network, step = training._loop.network, training._loop._train_step
    batch = training._batches.batch(0)
    step.passes.run(batch)
    step.penalties.add_gradients()
    expected = {"layers.0": 0.0, "output": 0.0}
    for name, gradient in network.gradient_views().items():
        expected[name.rpartition(".")[0]] += float(np.vdot(gradient, gradient))
    (record,) = train(training)
    norms = {layer.name: layer.gradient_norm for layer in record.layers}
    assert norms == pytest.approx({name: math.sqrt(sum_) for name, sum_ in expected.items()})
    assert record.gradient_norm == pytest.approx(math.sqrt(sum(expected.values())))


def test_update_ratio_is_that_of_the_step() -> None:
    network = random_network(network_spec((), 2), 3)
    weight = network.named_parameters()["output.weight"]
    diagnostics = LayerDiagnostics(network)
    diagnostics.record_activations()
    diagnostics.record_gradients()
    before = weight.copy()
    weight *= 1.25
    (record,) = diagnostics.layer_stats()
    assert record.update_ratio == pytest.approx(0.25)
    np.testing.assert_allclose(weight, before * 1.25)


def test_weights_of_zero_have_no_ratio() -> None:
    network = random_network(network_spec((), 2), 3)
    network.parameters[:] = 0
    diagnostics = LayerDiagnostics(network)
    diagnostics.record_activations()
    diagnostics.record_gradients()
    assert diagnostics.layer_stats()[0].update_ratio is None


def test_relu_unit_that_is_zero_for_every_row_is_dead() -> None:
    network = random_network(network_spec((4,), 2, "relu"), 3)
    named = network.named_parameters()
    named["layers.0.bias"][:] = [-1e6, 1e6, -1e6, 1e6]
    diagnostics = LayerDiagnostics(network)
    network.forward(draw(5, 3))
    diagnostics.record_activations()
    diagnostics.record_gradients()
    records = {record.name: record.dead_units for record in diagnostics.layer_stats()}
    assert records == {"layers.0": 0.5, "output": None}


@pytest.mark.parametrize(
    ("activation", "beyond"), [("sigmoid", 4.4), ("hard_sigmoid", 3.1), ("tanh", 2.2)]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_values_beyond_five_percent_of_the_slope_are_saturated(
    activation: Activation, beyond: float, sign: int
) -> None:
    network = random_network(network_spec((4,), 2, activation), 3)
    named = network.named_parameters()
    named["layers.0.weight"][...] = 0
    named["layers.0.bias"][:] = [sign * beyond, 0.5 * beyond, 0, -sign * beyond]
    diagnostics = LayerDiagnostics(network)
    network.forward(draw(5, 3))
    diagnostics.record_activations()
    diagnostics.record_gradients()
    records = {record.name: record.saturated_units for record in diagnostics.layer_stats()}
    assert records == {"layers.0": 0.5, "output": None}


@pytest.mark.parametrize("name", ["sigmoid", "hard_sigmoid", "tanh", "softsign"])
def test_the_slope_at_the_bound_of_saturation_is_five_percent_of_the_largest(
    name: ActivationName,
) -> None:
    activation = build_activation(name, FLOAT64)
    assert activation.saturation is not None
    center, distance = activation.saturation
    at_bound, inside = (
        activation.backward(np.array([center + share * distance]), np.ones(1)).item()
        for share in (1, 0.999)
    )
    largest = activation.backward(np.array([center]), np.ones(1)).item()
    assert at_bound <= 0.0501 * largest < inside * 1.1


def test_weights_of_a_large_layer_are_sampled() -> None:
    network = random_network(network_spec((200,), 2), 100)
    diagnostics = LayerDiagnostics(network)
    assert max(len(weights) for weights in diagnostics._weights.values()) <= 4096
