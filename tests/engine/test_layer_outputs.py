"""Outputs of single layers beside predictions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import given, reject
from hypothesis import strategies as st

from engine.arrays import Floats
from engine.data.table import Column, NumericColumn
from engine.errors import SpecError
from engine.predictor import Predictor
from engine.specs import TrainingSpec
from engine.training.training import Training
from tests.engine.examples import draw, flower_columns, line_columns, prepared
from tests.engine.layer_examples import LayerJson, image, layers_network
from tests.engine.layer_stacks import flat_stacks, image_stacks


def dense(units: int, activation: str) -> LayerJson:
    return {"type": "dense", "units": units, "activation": activation}


def test_outputs_are_those_after_the_activation_also_in_residual_blocks() -> None:
    inner = {"type": "residual", "layers": [dense(3, "relu")]}
    block = {"type": "residual", "layers": [dense(3, "tanh"), inner]}
    network, x = layers_network([dense(3, "tanh"), block, dense(2, "linear")], 4), draw(5, 4)
    weights = network.named_parameters()

    def apply(name: str, values: Floats) -> Floats:
        return values @ weights[f"{name}.weight"] + weights[f"{name}.bias"]

    first = np.tanh(apply("layers.0", x))
    nested = np.tanh(apply("layers.1.layers.0", first))
    relu = np.maximum(apply("layers.1.layers.1.layers.0", nested), 0)
    expected = {
        "layers.0": first,
        "layers.1.layers.0": nested,
        "layers.1.layers.1.layers.0": relu,
        "layers.1.layers.1": nested + relu,
        "layers.1": first + nested + relu,
        "layers.2": apply("layers.2", first + nested + relu),
    }
    assert network.layer_shapes().keys() == {*expected, "output"}
    logits, found = network.predict_layers(x, expected)
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, err_msg=name)
    np.testing.assert_array_equal(logits, network.predict(x))


def test_every_layer_has_the_stated_shape_and_leaves_the_logits_as_they_are() -> None:
    stack = [
        image(4, 4, 1),
        {"type": "conv2d", "filters": 2, "kernel_size": 3, "activation": "relu"},
        {"type": "batch_normalization"},
        {"type": "max_pooling2d", "pool_size": 2},
        {"type": "flatten"},
        {"type": "dropout", "rate": 0.5},
        {"type": "activation", "activation": "softmax"},
        {"type": "layer_normalization"},
    ]
    network, x = layers_network(stack, 16), draw(3, 16)
    expected = network.predict(x).copy()
    shapes = network.layer_shapes()
    logits, found = network.predict_layers(x, shapes)
    np.testing.assert_array_equal(logits, expected)
    assert {name: values.shape for name, values in found.items()} == {
        name: (3, *shape) for name, shape in shapes.items()
    }
    assert shapes["layers.1"] == (2, 2, 2)
    # Later layers have not overwritten it.
    np.testing.assert_allclose(found["layers.6"].sum(axis=1), 1)
    assert not np.shares_memory(found["layers.0"], x)


def test_predictions_and_layers_are_of_the_same_chunks() -> None:
    columns = numeric(line_columns(2500))
    predictor = initial({"target": "y", "network": {"layers": [dense(4, "relu")]}}, columns)
    assert [*predictor.layer_shapes] == ["layers.0", "output"]
    answers = predictor.answer(columns, ["output", "layers.0"])
    np.testing.assert_array_equal(answers.values, predictor.predict(columns))
    part = {name: NumericColumn(one.values[1024:2048]) for name, one in columns.items()}
    again = predictor.answer(part, ["layers.0"]).activations
    np.testing.assert_array_equal(answers.activations["layers.0"][1024:2048], again["layers.0"])
    assert [*answers.activations] == ["output", "layers.0"]
    assert predictor.answer(columns).activations == {}


def test_output_is_after_its_activation() -> None:
    columns = flower_columns()
    predictor = initial({"target": "kind"}, columns)
    answers = predictor.answer(columns, ["output"])
    np.testing.assert_array_equal(answers.activations["output"], answers.values)
    np.testing.assert_allclose(answers.values.sum(axis=1), 1, rtol=1e-5)


def test_reconstructions_have_layers() -> None:
    columns = numeric(line_columns())
    predictor = initial(
        {"task": "reconstruction", "network": {"layers": [dense(2, "tanh")]}}, columns
    )
    found = predictor.reconstruct(columns, ["layers.0"])
    np.testing.assert_array_equal(found.errors, predictor.reconstruct(columns).errors)
    assert found.activations["layers.0"].shape == (60, 2)


def initial(
    request: dict[str, Any], columns: Mapping[str, Column], fill: float | None = None
) -> Predictor:
    """Return a predictor with initial weights, or with all of them the same."""
    spec, data = prepared(TrainingSpec.model_validate(request), {**columns})
    weights = Training(spec, data).weights()
    if fill is not None:
        weights = {name: np.full_like(array, fill) for name, array in weights.items()}
    return Predictor(spec, data.preprocessing, weights)


def test_rows_that_are_computed_again_have_the_layers_of_that() -> None:
    columns = line_columns()
    # Finite within the range of the training rows, not at a thousand times it.
    request = {"target": "y", "network": {"layers": [dense(4, "linear")]}}
    predictor = initial(request, columns, 1e18)
    far = {name: NumericColumn(one.values.copy()) for name, one in numeric(columns).items()}
    far["a"].values[7] = 1e300
    answers = predictor.answer(far, ["layers.0"])
    assert answers.replaced == ((7, 0),)
    np.testing.assert_array_equal(answers.values, predictor.predict(far))
    assert np.abs(answers.activations["layers.0"]).max() < 1e20


def numeric(columns: dict[str, Column]) -> dict[str, NumericColumn]:
    return {name: one for name, one in columns.items() if isinstance(one, NumericColumn)}


@given(st.one_of(flat_stacks(), image_stacks()))
def test_predictions_never_write_into_their_inputs(stack: list[LayerJson]) -> None:
    """The inputs may be the matrix that a client sent."""
    try:
        network = layers_network(stack, 36)
    except SpecError:
        reject()
    x = draw(3, 36)
    x.setflags(write=False)
    network.predict(x)
