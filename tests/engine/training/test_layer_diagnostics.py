"""What is said of each layer at an epoch's end."""

import numpy as np
import pytest

from engine.specs import TrainingSpec
from engine.training.layer_diagnostics import LayerDiagnostics
from engine.training.training import train
from tests.engine.examples import draw, flower_columns, network_spec, random_network, start


def test_each_trained_layer_is_told_of() -> None:
    layers = [{"type": "dense", "units": 4}, {"type": "dense", "units": 3, "frozen": True}]
    spec = TrainingSpec.model_validate(
        {"target": "kind", "epochs": 1, "network": {"layers": layers}}
    )
    *_, record = train(start(spec, flower_columns()))
    assert [layer.name for layer in record.layers] == ["layers.0", "output"]
    norms = [layer.gradient_norm or 0.0 for layer in record.layers]
    assert all(norm > 0 for norm in norms)
    squares = sum(norm**2 for norm in norms)
    assert record.gradient_norm == pytest.approx(np.sqrt(squares), rel=1e-5)


def test_update_ratio_is_that_of_the_step() -> None:
    network = random_network(network_spec((), 2), 3)
    weight = network.named_parameters()["output.weight"]
    probe = LayerDiagnostics(network)
    probe.record_activations()
    probe.record_weights()
    before = weight.copy()
    weight *= 1.25
    (record,) = probe.records()
    assert record.update_ratio == pytest.approx(0.25)
    np.testing.assert_allclose(weight, before * 1.25)


def test_weights_of_zero_have_no_ratio() -> None:
    network = random_network(network_spec((), 2), 3)
    network.parameters[:] = 0
    probe = LayerDiagnostics(network)
    probe.record_activations()
    probe.record_weights()
    assert probe.records()[0].update_ratio is None


def test_a_relu_unit_that_no_row_wakes_is_dead() -> None:
    network = random_network(network_spec((4,), 2, "relu"), 3)
    named = network.named_parameters()
    named["layers.0.bias"][:] = [-1e6, 1e6, -1e6, 1e6]
    probe = LayerDiagnostics(network)
    network.forward(draw(5, 3))
    probe.record_activations()
    probe.record_weights()
    records = {record.name: record.dead_units for record in probe.records()}
    assert records == {"layers.0": 0.5, "output": None}


def test_of_a_large_layer_a_sample_is_looked_at() -> None:
    network = random_network(network_spec((200,), 2), 100)
    probe = LayerDiagnostics(network)
    assert max(len(weights) for weights in probe._weights.values()) <= 4096
