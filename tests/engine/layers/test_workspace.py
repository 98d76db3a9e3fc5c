"""The memory that a layer uses in training equals its declared workspace."""

import tracemalloc

import numpy as np
import pytest

from tests.engine.layer_examples import LayerJson, image, layers_network

ROWS = 1000
CONV: LayerJson = {"type": "conv2d", "filters": 6, "activation": "linear"}
DENSE: LayerJson = {"type": "dense", "units": 144, "activation": "linear"}
FLAT: LayerJson = {"type": "flatten"}
SAME: LayerJson = {"padding": "same"}


def activation(name: str) -> LayerJson:
    return {"type": "activation", "activation": name}


def block(*layers: LayerJson) -> LayerJson:
    return {"type": "residual", "layers": list(layers)}


LAYERS: dict[str, list[LayerJson]] = {
    "dense": [DENSE, DENSE],
    "conv2d": [image(12, 12, 1), CONV, CONV | {"stride": 2}, FLAT],
    "conv2d same": [image(12, 12, 1), CONV | SAME, CONV | SAME, FLAT],
    "max pooling": [image(12, 12, 1), CONV | SAME, {"type": "max_pooling2d"}, FLAT],
    "average pooling": [image(12, 12, 1), CONV | SAME, {"type": "average_pooling2d"}, FLAT],
    "batch normalization": [DENSE, {"type": "batch_normalization"}, DENSE],
    "batch normalization of images": [image(6, 6, 4), {"type": "batch_normalization"}, FLAT],
    "batch normalization frozen": [{"type": "batch_normalization", "frozen": True}, DENSE],
    "layer normalization": [DENSE, {"type": "layer_normalization"}, DENSE],
    "dropout": [DENSE, {"type": "dropout"}, DENSE],
    "embedding": [{"type": "embedding", "tables": [{"position": 3, "codes": 200}]}, DENSE],
    "residual": [DENSE, block(DENSE, activation("tanh"), DENSE, activation("relu"))],
    "residual first": [block(DENSE)],
    **{name: [DENSE, activation(name), DENSE] for name in ("relu", "elu", "silu", "softmax")},
}


@pytest.mark.parametrize("kind", LAYERS)
def test_workspace_equals_the_memory_of_a_step(kind: str) -> None:
    network = layers_network(LAYERS[kind], 144)
    x, dy = np.ones((ROWS, 144)), np.ones((ROWS, 2))
    declared = sum(layer.workspace(ROWS) for layer in network.layers) * x.itemsize
    tracemalloc.start()
    try:
        network.begin_step(0)
        network.forward(x)
        network.backward(dy)
        used = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 0.8 * declared <= used <= 1.05 * declared + 2**19


@pytest.mark.parametrize("kind", LAYERS)
def test_second_step_allocates_almost_nothing(kind: str) -> None:
    network = layers_network(LAYERS[kind], 144)
    x, dy = np.ones((ROWS, 144)), np.ones((ROWS, 2))
    tracemalloc.start()
    try:
        for step in range(2):
            network.begin_step(step)
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            network.forward(x)
            network.backward(dy)
        used = tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
    # One array of a layer's outputs for this batch is 1.1 MB.
    assert used < (2**21 if kind == "embedding" else 2**19)


@pytest.mark.parametrize("kind", LAYERS)
def test_release_leaves_no_workspace(kind: str) -> None:
    network = layers_network(LAYERS[kind], 144)
    x = np.ones((ROWS, 144))
    tracemalloc.start()
    try:
        y = network.predict(x.copy()).copy()
        network.release()
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 2**17
    np.testing.assert_array_equal(network.predict(x.copy()), y)
