import numpy as np
import pytest

from engine.layers.base import walk
from engine.layers.copy import Copy
from engine.network import Network
from tests.engine.examples import draw
from tests.engine.layer_examples import LayerJson, image, layers_network

DENSE: LayerJson = {"type": "dense", "units": 5, "activation": "tanh"}
RELU: LayerJson = {"type": "activation", "activation": "relu"}
FLAT: LayerJson = {"type": "flatten"}
DROPOUT: LayerJson = {"type": "dropout"}


def residual(*layers: LayerJson) -> LayerJson:
    return {"type": "residual", "layers": list(layers)}


def copies(network: Network) -> list[str]:
    return [layer.name for layer in walk(iter(network.layers)) if isinstance(layer, Copy)]


def test_block_is_added_to_its_input() -> None:
    network, x = layers_network([residual(DENSE)], 5), draw(4, 5)
    named = network.named_parameters()
    block = np.tanh(x @ named["layers.0.layers.0.weight"] + named["layers.0.layers.0.bias"])
    expected = (x + block) @ named["output.weight"] + named["output.bias"]
    np.testing.assert_allclose(network.forward(x.copy()), expected)
    np.testing.assert_allclose(network.predict(x.copy()), expected)


@pytest.mark.parametrize(
    "layers",
    [[RELU], [FLAT, RELU], [residual(RELU)], [residual(FLAT)], [DROPOUT], [residual(DROPOUT)]],
    ids=str,
)
def test_input_rows_are_not_modified(layers: list[LayerJson]) -> None:
    network, x = layers_network(layers, 5), draw(4, 5)
    network.forward(x)
    network.backward(draw(4, 2))
    network.predict(x)
    np.testing.assert_array_equal(x, draw(4, 5))


def test_copies_are_inserted_only_where_a_needed_array_would_be_overwritten() -> None:
    assert copies(layers_network([DENSE, DENSE, residual(DENSE | {"activation": "gelu"})], 5)) == []
    assert copies(layers_network([DENSE, RELU], 5)) == ["layers.1"]
    assert copies(layers_network([RELU], 5)) == ["layers.0"]
    assert copies(layers_network([image(5, 1, 1), FLAT, RELU], 5)) == ["layers.2"]
    assert copies(layers_network([residual(DENSE)], 5)) == ["layers.0"]
    assert copies(layers_network([residual(FLAT)], 5)) == ["layers.0"]


def test_no_input_gradient_before_the_first_trained_layer() -> None:
    frozen = DENSE | {"frozen": True}
    network = layers_network([residual(frozen), residual(DENSE, frozen)], 5)
    first, second, output = network.layers
    assert not any(layer.needs_dx for layer in walk(iter([first])))
    assert [layer.needs_dx for layer in second.children()] == [False, True, True, True, True]
    assert output.needs_dx
    network.forward(draw(4, 5))
    network.backward(draw(4, 2))
    assert np.isfinite(network.gradients).all()
