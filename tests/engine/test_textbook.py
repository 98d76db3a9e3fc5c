"""The worked backpropagation example of textbooks, number by number."""

import numpy as np
import pytest

from engine.activations import Sigmoid
from engine.losses.build import build_loss
from engine.network import build_network
from engine.optimizers.build import build_optimizer
from engine.specs import HalfSquaredError, Sgd
from tests.engine.examples import FLOAT64, network_spec


def test_one_step_matches_the_hand_calculation() -> None:
    spec = network_spec((1,), 1, "sigmoid", "sigmoid", use_bias=False)
    network = build_network(spec, 1, FLOAT64)
    network.load({"layers.0.weight": np.array([[0.4]]), "output.weight": np.array([[0.6]])})
    loss = build_loss(HalfSquaredError(), spec.output, FLOAT64)

    logits = network.forward(np.array([[0.5]]))
    value = loss.forward(logits, np.array([[1.0]]))
    prediction = loss.outputs.item()
    network.backward(loss.backward())
    w1_gradient, w2_gradient = network.gradients

    assert logits.item() == pytest.approx(0.329900, abs=1e-6)
    assert prediction == pytest.approx(0.581735, abs=1e-6)
    assert value == pytest.approx(0.087473, abs=1e-6)
    assert w2_gradient == pytest.approx(-0.055957, abs=1e-6)
    assert w1_gradient == pytest.approx(-0.007557, abs=1e-6)

    build_optimizer(Sgd(learning_rate=0.5), network.trained, network.gradients, lambda: 0.0).update(
        0.5, 1
    )
    assert network.parameters[0] == pytest.approx(0.4 + 0.5 * 0.007557, abs=1e-6)
    assert network.parameters[1] == pytest.approx(0.6 + 0.5 * 0.055957, abs=1e-6)


def test_hidden_value_matches_the_hand_calculation() -> None:
    hidden = Sigmoid(FLOAT64).forward(np.array([[0.5 * 0.4]]))
    assert hidden.item() == pytest.approx(0.549834, abs=1e-6)
