import numpy as np
import pytest

from engine.network import Network
from engine.training.regularization import Penalties
from tests.engine.examples import draw
from tests.engine.layer_examples import LayerJson, image, layers_network

DENSE: LayerJson = {"type": "dense", "units": 4}


def filled(network: Network) -> Network:
    network.gradients[...] = draw(network.gradients.size, seed=8)
    return network


def test_value_is_the_sum_over_all_penalized_weights() -> None:
    network = layers_network([DENSE | {"l1": 0.3}, DENSE | {"l1": 0.1, "l2": 0.2}], 3)
    named = network.named_parameters()
    first, second = named["layers.0.weight"], named["layers.1.weight"]
    expected = 0.3 * np.abs(first).sum() + 0.1 * np.abs(second).sum() + 0.2 * (second**2).sum()
    assert Penalties(network).value() == pytest.approx(expected)


def test_gradients_are_added_to_the_weights_alone() -> None:
    network = filled(layers_network([DENSE | {"l1": 0.3, "l2": 0.2}], 3))
    before, weight = network.gradients.copy(), network.named_parameters()["layers.0.weight"]
    Penalties(network).add_gradients()
    change = network.gradients - before
    expected = 0.3 * np.sign(weight) + 0.4 * weight
    np.testing.assert_allclose(change[:12].reshape(3, 4), expected)
    assert not change[12:].any()


def test_frozen_layer_is_not_regularized() -> None:
    network = filled(layers_network([DENSE | {"l1": 0.3, "max_norm": 0.1, "frozen": True}], 3))
    parameters, gradients = network.parameters.copy(), network.gradients.copy()
    penalties = Penalties(network)
    penalties.add_gradients()
    penalties.apply_max_norm()
    assert not penalties
    assert penalties.value() == 0
    np.testing.assert_array_equal(network.parameters, parameters)
    np.testing.assert_array_equal(network.gradients, gradients)


def test_max_norm_rescales_only_units_above_it() -> None:
    network = layers_network([DENSE | {"max_norm": 1.5}], 3)
    weight = network.named_parameters()["layers.0.weight"]
    weight[...] = draw(3, 4) * [0.1, 5, 0.2, 7]
    before = weight.copy()
    Penalties(network).apply_max_norm()
    np.testing.assert_allclose(np.linalg.norm(weight[:, [1, 3]], axis=0), 1.5)
    np.testing.assert_array_equal(weight[:, [0, 2]], before[:, [0, 2]])
    np.testing.assert_allclose(weight / before, (weight / before)[:1].repeat(3, axis=0))


def test_a_unit_of_a_convolution_is_a_filter() -> None:
    conv2d = {"type": "conv2d", "filters": 2, "kernel_size": 2, "max_norm": 0.5}
    network = layers_network([image(3, 3, 2), conv2d, {"type": "flatten"}], 18)
    weight = network.named_parameters()["layers.1.weight"]
    weight[...] = draw(2, 2, 2, 2)
    Penalties(network).apply_max_norm()
    np.testing.assert_allclose(np.linalg.norm(weight.reshape(8, 2), axis=0), 0.5)


def test_layers_within_layers_are_penalized() -> None:
    network = layers_network([{"type": "residual", "layers": [DENSE | {"units": 3, "l2": 1}]}], 3)
    weight = network.named_parameters()["layers.0.layers.0.weight"]
    assert Penalties(network).value() == pytest.approx((weight**2).sum())
