"""Images from rows of pixels."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import Resolution, resolve
from engine.specs import MAX_LAYERS, ReshapeSpec, TrainingSpec, dump
from tests.engine.resolution.requests import EMBEDDING, layers

PIXELS = tuple(ColumnSchema(f"p{n}", "numeric", 0, 90) for n in range(64))
LABEL = ColumnSchema("label", "categorical", 0, 10)
TABLE = TableSchema(500, (*PIXELS, LABEL))
CONVOLUTION: dict[str, Any] = {"type": "conv2d", "filters": 2}
FLATTEN = {"type": "flatten"}


def ask(shape: list[int], **options: Any) -> Resolution:
    spec = {"target": "label", "input_shape": shape, **options}
    return resolve(TrainingSpec.model_validate(spec), TABLE)


def problems(shape: list[int], **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as raised:
        ask(shape, **options)
    return [(p.pointer, p.code) for p in raised.value.problems]


def test_input_shape_reshapes_pixels_into_images() -> None:
    spec = ask([8, 8, 1], **layers(CONVOLUTION, FLATTEN)).spec
    assert spec.network.layers[0] == ReshapeSpec(shape=(8, 8, 1))
    assert len(spec.network.layers) == 3
    again = TrainingSpec.model_validate(dump(spec) | {"network": dump(spec.network)})
    assert resolve(again, TABLE).spec == spec


def test_flat_rows_need_no_layer() -> None:
    assert len(ask([64]).spec.network.layers) == 1


def test_wrong_input_shape_reports_the_number_of_inputs() -> None:
    with pytest.raises(SpecError, match=r"64 inputs, the shape has 28 · 28 · 1 = 784 values"):
        ask([28, 28, 1], **layers(CONVOLUTION, FLATTEN))
    assert problems([63]) == [("/input_shape", "wrong_shape")]


def test_problem_of_a_layer_has_the_clients_index() -> None:
    assert problems([8, 8, 1], **layers(CONVOLUTION)) == [("/network/output", "wrong_shape")]
    dense = {"type": "dense", "units": 3}
    assert problems([8, 8, 1], **layers(CONVOLUTION, dense)) == [
        ("/network/layers/1", "wrong_shape")
    ]


def test_input_shape_before_an_embedding_is_refused() -> None:
    assert ("/input_shape", "input_shape_and_embedding") in problems([8, 8, 1], **layers(EMBEDDING))


def test_reshape_layer_counts_towards_the_limit() -> None:
    many = layers(*[FLATTEN] * MAX_LAYERS)
    assert ("/network/layers", "too_many_layers") in problems([8, 8, 1], **many)
