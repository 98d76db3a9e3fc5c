import numpy as np
import pytest

from tests.engine.examples import draw, network_spec, random_network
from tests.engine.layer_examples import LayerJson, layers_network


def test_parameters_are_views_of_one_vector_in_order() -> None:
    network = random_network(network_spec((4, 3), 2), 5)
    named = network.named_parameters()
    assert list(named) == [
        "layers.0.weight",
        "layers.0.bias",
        "layers.1.weight",
        "layers.1.bias",
        "output.weight",
        "output.bias",
    ]
    assert [view.shape for view in named.values()] == [(5, 4), (4,), (4, 3), (3,), (3, 2), (2,)]
    laid_out = np.concatenate([view.ravel() for view in named.values()])
    np.testing.assert_array_equal(laid_out, network.parameters)
    assert all(np.shares_memory(view, network.parameters) for view in named.values())


def test_forward_composes_the_layers() -> None:
    network, x = random_network(network_spec((4,), 2, "tanh"), 3), draw(6, 3)
    named = network.named_parameters()
    hidden = np.tanh(x @ named["layers.0.weight"] + named["layers.0.bias"])
    expected = hidden @ named["output.weight"] + named["output.bias"]
    np.testing.assert_allclose(network.forward(x), expected)


def test_load_copies_the_weights() -> None:
    spec = network_spec((4,), 2)
    one, other = random_network(spec, 3, seed=1), random_network(spec, 3, seed=2)
    other.load(one.named_parameters())
    np.testing.assert_array_equal(other.parameters, one.parameters)


@pytest.mark.parametrize("change", ["missing", "extra", "shape"])
def test_weights_of_another_network_are_rejected(change: str) -> None:
    network = random_network(network_spec((4,), 2), 3)
    weights = network.named_parameters()
    if change == "missing":
        del weights["output.bias"]
    elif change == "extra":
        weights["layers.1.weight"] = draw(2, 2)
    else:
        weights["output.bias"] = draw(3)
    with pytest.raises(ValueError, match="the network needs"):
        network.load(weights)


def test_diverging_layer_is_the_first_with_a_non_finite_parameter() -> None:
    network = random_network(network_spec((4, 3), 2), 5)
    assert network.is_finite()
    network.named_parameters()["layers.1.bias"][0] = np.inf
    assert not network.is_finite()
    assert network.diverging_layer(draw(2, 5)) == "layers.1"


def test_huge_but_finite_parameters_are_finite() -> None:
    network = random_network(network_spec((2,), 1), 2, dtype=np.dtype(np.float32))
    network.parameters[:] = 1e30
    with np.errstate(over="ignore"):
        assert network.is_finite()


def test_diverging_layer_is_the_first_with_a_non_finite_output() -> None:
    network = random_network(network_spec((4,), 2, "linear"), 3)
    network.named_parameters()["layers.0.weight"][...] = 1e200
    with np.errstate(all="ignore"):
        assert network.diverging_layer(np.full((1, 3), 1e200)) == "layers.0"
        network.named_parameters()["layers.0.weight"][...] = 1
        network.named_parameters()["output.weight"][...] = 1e200
        assert network.diverging_layer(np.full((1, 3), 1e200)) == "output"


def test_trained_parameters_precede_frozen_weights_and_states() -> None:
    dense: LayerJson = {"type": "dense", "units": 3}
    layers = [dense | {"frozen": True}, {"type": "batch_normalization"}, dense]
    network = layers_network(layers, 2)
    trained = ["layers.1.scale", "layers.1.shift", "layers.2.weight", "layers.2.bias"]
    fixed = ["layers.0.weight", "layers.0.bias"]
    states = ["layers.1.running_mean", "layers.1.running_variance"]
    output = ["output.weight", "output.bias"]
    assert list(network.named_parameters()) == [*trained, *output, *fixed, *states]
    assert list(network.gradient_views()) == [*trained, *output]
    assert network.trained.size == network.gradients.size
    assert np.shares_memory(network.trained, network.parameters)


def test_training_steps_leave_frozen_weights_unchanged() -> None:
    dense: LayerJson = {"type": "dense", "units": 3, "activation": "tanh"}
    network = layers_network([dense, dense | {"frozen": True}, dense], 3)
    before = network.named_parameters()["layers.1.weight"].copy()
    for _ in range(3):
        network.forward(draw(5, 3))
        network.backward(draw(5, 2))
        network.trained[...] -= 0.1 * network.gradients
    np.testing.assert_array_equal(network.named_parameters()["layers.1.weight"], before)
    assert network.gradient_views()["layers.0.weight"].any()


def test_dropout_applies_only_in_training_and_is_reproducible_per_step() -> None:
    dropout: LayerJson = {"type": "dropout"}
    network = layers_network([dropout, {"type": "residual", "layers": [dropout]}], 9)
    x, outputs = draw(4, 9), []
    for step in (0, 1, 0):
        network.begin_step(step)
        outputs.append(network.forward(x).copy())
    np.testing.assert_array_equal(outputs[0], outputs[2])
    assert not np.array_equal(outputs[0], outputs[1])
    named = network.named_parameters()
    expected = 2 * x @ named["output.weight"] + named["output.bias"]
    np.testing.assert_allclose(network.predict(x), expected)


def test_diverging_layer_may_be_a_nested_layer() -> None:
    inner: LayerJson = {"type": "dense", "units": 3}
    network = layers_network([{"type": "residual", "layers": [inner, inner]}], 3)
    network.named_parameters()["layers.0.layers.1.weight"][0, 0] = np.nan
    assert network.diverging_layer(draw(2, 3)) == "layers.0.layers.1"


def test_bytes_are_those_of_parameters_gradients_and_the_largest_batch() -> None:
    network = random_network(network_spec((4,), 2), 3)
    numbers = 2 * network.parameters.size
    assert network.nbytes == numbers * 8
    network.forward(draw(10, 3))
    workspace = 10 * sum(layer.workspace(1) for layer in network.layers)
    assert workspace > 0
    assert network.nbytes == (numbers + workspace) * 8
    network.forward(draw(2, 3))
    assert network.nbytes == network.bytes_for(10) == (numbers + workspace) * 8
