from typing import Any

import pytest

from tests.engine.resolution.requests import DENSE, DROPOUT, EMBEDDING, ask, layers

CONVOLUTION: list[dict[str, Any]] = [
    {"type": "reshape", "shape": [2, 2, 1]},
    {"type": "conv2d", "filters": 3, "kernel_size": 2, "activation": "tanh"},
    {"type": "flatten"},
]
BLOCK = {"type": "residual", "layers": [DENSE, {"type": "batch_normalization"}]}


def sizes(*given: dict[str, Any], **options: Any) -> list[tuple[object, ...]]:
    resolution = ask(**layers(*given), **options)
    top = [layer for layer in resolution.layers if layer.name.count(".") < 2]
    assert sum(layer.parameter_count for layer in top) == resolution.parameter_count
    return [
        (layer.name, layer.type, layer.in_shape, layer.out_shape, layer.parameter_count)
        for layer in resolution.layers
    ]


def test_each_layer_has_its_shapes_and_parameters_then_the_output() -> None:
    linear = {"type": "activation", "activation": "linear"}
    assert sizes(DENSE, DROPOUT, linear, features=["count", "stars"]) == [
        ("layers.0", "dense", (2,), (3,), 9),
        ("layers.1", "dropout", (3,), (3,), 0),
        ("layers.2", "activation", (3,), (3,), 0),
        ("output", "dense", (3,), (1,), 4),
    ]


def test_shapes_of_images_and_of_a_network_without_hidden_layers() -> None:
    four = ["count", "stars", "change", "gaps"]
    assert sizes(*CONVOLUTION, features=four) == [
        ("layers.0", "reshape", (4,), (2, 2, 1), 0),
        ("layers.1", "conv2d", (2, 2, 1), (1, 1, 3), 15),
        ("layers.2", "flatten", (1, 1, 3), (3,), 0),
        ("output", "dense", (3,), (1,), 4),
    ]
    assert sizes(features=four) == [("output", "dense", (4,), (1,), 5)]


def test_a_block_is_listed_before_its_layers_and_has_their_parameters() -> None:
    assert sizes(DENSE, BLOCK, features=["count"]) == [
        ("layers.0", "dense", (1,), (3,), 6),
        ("layers.1", "residual", (3,), (3,), 24),
        ("layers.1.layers.0", "dense", (3,), (3,), 12),
        ("layers.1.layers.1", "batch_normalization", (3,), (3,), 12),
        ("output", "dense", (3,), (1,), 4),
    ]


def test_an_embedding_widens_the_inputs() -> None:
    (first, *_) = sizes({**EMBEDDING, "dimension": 2}, features=["count", "color"])
    assert first[:4] == ("layers.0", "embedding", (2,), (3,))


@pytest.mark.parametrize(("batch_size", "per_epoch"), [(32, 3), (7, 12), ("full", 1)])
def test_steps_are_epochs_times_batches(batch_size: int | str, per_epoch: int) -> None:
    resolution = ask(batch_size=batch_size, epochs=5)
    assert resolution.rows.training == 80
    assert resolution.steps == 5 * per_epoch
