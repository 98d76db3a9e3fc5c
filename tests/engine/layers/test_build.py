import numpy as np
import pytest

from engine.errors import SpecError, SpecProblem
from engine.layers.base import walk
from engine.layers.build import build_layers
from engine.layers.build_checks import pointer
from engine.network import build_network
from engine.specs import MAX_LAYERS
from tests.engine.examples import FLOAT64, draw
from tests.engine.layer_examples import LayerJson, image, layers_network, layers_spec

DENSE: LayerJson = {"type": "dense", "units": 64}
CONV: LayerJson = {"type": "conv2d", "filters": 3}
POOL: LayerJson = {"type": "max_pooling2d"}
FLAT: LayerJson = {"type": "flatten"}
IMAGE = image(8, 8, 1)
EMBEDDING: LayerJson = {"type": "embedding", "tables": [{"position": 0, "codes": 3}]}


def residual(*layers: LayerJson) -> LayerJson:
    return {"type": "residual", "layers": list(layers)}


def problem(*layers: LayerJson) -> SpecProblem:
    with pytest.raises(SpecError) as caught:
        build_layers(layers_spec(layers), 64, FLOAT64)
    (found,) = caught.value.problems
    return found


def shapes(*layers: LayerJson) -> list[tuple[int, ...]]:
    built = build_layers(layers_spec(layers), 64, FLOAT64)
    return list(dict.fromkeys(layer.out_shape for layer in built))


def test_each_layer_has_the_output_shape_of_its_formula() -> None:
    found = shapes(IMAGE, CONV, POOL, CONV | {"padding": "same", "stride": [2, 1]}, FLAT, DENSE)
    assert found == [(8, 8, 1), (6, 6, 3), (3, 3, 3), (2, 3, 3), (18,), (64,), (2,)]


@pytest.mark.parametrize("name", ["conv2d", "max_pooling2d", "average_pooling2d"])
def test_image_layers_reject_rows_that_are_not_images(name: str) -> None:
    layer = {"type": name} | ({"filters": 3} if name == "conv2d" else {})
    found = problem(DENSE, layer)
    assert found == SpecProblem(
        "/network/layers/1",
        "wrong_shape",
        f"{name} takes rows of shape (height, width, channels), not (64,); put reshape before it",
    )


def test_dense_and_output_reject_images() -> None:
    detail = "takes rows of shape (features,), not (8, 8, 1); put flatten before it"
    assert problem(IMAGE, DENSE).detail == f"dense {detail}"
    found = problem(IMAGE)
    assert (found.pointer, found.detail) == ("/network/output", f"output {detail}")


@pytest.mark.parametrize(
    "layer", [CONV | {"kernel_size": [2, 9]}, POOL | {"pool_size": [9, 2]}], ids=["conv2d", "pool"]
)
def test_window_larger_than_the_image_is_rejected(layer: LayerJson) -> None:
    found = problem(IMAGE, layer)
    assert (found.pointer, found.code) == ("/network/layers/1", "wrong_shape")
    assert "is larger than its input image, (8, 8, 1)" in found.detail


def test_padding_allows_a_kernel_larger_than_the_image() -> None:
    assert shapes(IMAGE, CONV | {"kernel_size": 9, "padding": "same"}, FLAT)[1] == (8, 8, 3)


def test_reshape_to_another_number_of_values_is_rejected() -> None:
    found = problem(image(8, 9, 1))
    assert (found.pointer, found.code) == ("/network/layers/0", "wrong_shape")
    assert found.detail == (
        "reshape to shape (8, 9, 1) needs 72 values per row, its input of shape (64,) has 64"
    )


def test_block_that_changes_the_shape_is_rejected() -> None:
    found = problem(residual(DENSE | {"units": 5}))
    assert (found.pointer, found.code) == ("/network/layers/0", "wrong_shape")
    assert "must preserve its input shape (64,), its output is (5,)" in found.detail


def test_problem_within_a_block_has_the_pointer_of_the_nested_layer() -> None:
    assert problem(DENSE, residual(DENSE, POOL)).pointer == "/network/layers/1/layers/1"
    assert pointer("layers.2.layers.0") == "/network/layers/2/layers/0"


def test_embedding_after_the_first_layer_is_rejected() -> None:
    for layers in ((DENSE, EMBEDDING), (residual(EMBEDDING),)):
        assert problem(*layers).code == "embedding_not_first"


def test_embedding_without_tables_or_with_a_nonexistent_input_is_rejected() -> None:
    assert problem({"type": "embedding"}).code == "no_tables"
    beyond = {"type": "embedding", "tables": [{"position": 64, "codes": 3}]}
    assert problem(beyond).detail == "rows of shape (64,) have no input 64"


def test_nested_layers_count_towards_the_limit() -> None:
    many = [residual(*[DENSE] * 31), residual(*[DENSE] * 31)]
    assert len(layers_network(many, 64).parameters) > 0
    found = problem(*many, DENSE)
    assert (found.pointer, found.code) == ("/network/layers", "too_many_layers")
    assert found.detail == f"a network may have at most {MAX_LAYERS} layers, this one has 65"


def test_blocks_nested_too_deep_are_rejected() -> None:
    block = DENSE
    for _ in range(4):
        block = residual(block)
    assert shapes(block) == [(64,), (2,)]
    found = problem(residual(block))
    assert (found.pointer, found.code) == (
        "/network/layers/0/layers/0/layers/0/layers/0/layers/0",
        "too_deep",
    )


def test_too_many_values_per_row_are_rejected() -> None:
    wide = CONV | {"filters": 65_536, "kernel_size": 1}
    assert shapes(IMAGE, wide, FLAT)[1] == (8, 8, 65_536)
    found = problem(DENSE | {"units": 289}, image(17, 17, 1), wide, FLAT)
    assert (found.pointer, found.code) == ("/network/layers/2", "too_wide")


EVERY_KIND: list[LayerJson] = [
    {"type": "embedding", "tables": [{"position": 0, "codes": 3}], "dimension": 1},
    IMAGE,
    CONV | {"padding": "same", "activation": "softmax"},
    {"type": "batch_normalization"},
    POOL,
    residual(CONV | {"padding": "same", "activation": "gelu"}, {"type": "dropout"}),
    {"type": "average_pooling2d", "pool_size": 2, "stride": 1},
    FLAT,
    {"type": "layer_normalization"},
    DENSE | {"activation": "elu"},
    {"type": "activation", "activation": "silu"},
    {"type": "activation", "activation": "linear"},
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [0, 1, 5])
def test_every_kind_predicts_zero_one_or_many_rows(dtype: type[np.floating], rows: int) -> None:
    network = build_network(layers_spec(EVERY_KIND), 64, np.dtype(dtype))
    x = np.abs(draw(rows, 64)).astype(dtype)
    y = network.predict(np.minimum(x, 2))
    assert y.shape == (rows, 2)
    assert y.dtype == dtype


def test_building_layers_allocates_no_arrays() -> None:
    for layer in walk(iter(build_layers(layers_spec(EVERY_KIND), 64, FLOAT64))):
        held = [v for v in vars(layer).values() if isinstance(v, np.ndarray)]
        assert not held, layer


def test_dtype_is_kept_by_every_kind_in_training() -> None:
    network = build_network(layers_spec(EVERY_KIND), 64, np.dtype(np.float32))
    network.begin_step(0)
    y = network.forward(np.minimum(np.abs(draw(5, 64)), 2).astype(np.float32))
    network.backward(np.ones_like(y))
    assert y.dtype == network.gradients.dtype == np.float32
