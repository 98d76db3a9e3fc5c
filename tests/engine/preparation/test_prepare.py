import json
from typing import Any

import numpy as np
import pytest

from engine.data.splits import split
from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.errors import DataError
from engine.preparation import input_writer
from engine.preparation.prepare import Preparation, prepare
from engine.preparation.prepared_data import describe_preparation
from engine.preprocessing.fitted import ClassTarget, NumericTarget
from engine.resolution.resolve import resolve
from engine.specs import FractionValidation, PreprocessingSpec, TrainingSpec
from tests.engine.examples import (
    allocate_elsewhere,
    array,
    flower_columns,
    levels,
    line_columns,
    numbers,
    prepared,
    truths,
)


def test_numeric_inputs_are_standardized_on_the_training_rows() -> None:
    _, data = prepared(TrainingSpec(target="y", dtype="float64"), line_columns())
    np.testing.assert_allclose(array(data.x).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(array(data.x).std(axis=0), 1)
    np.testing.assert_allclose(array(data.y).std(), 1)
    assert abs(array(data.x_validation).std(axis=0) - 1).min() > 1e-3


def test_validation_rows_do_not_affect_the_fit() -> None:
    columns = line_columns()
    spec, data = prepared(TrainingSpec(target="y"), columns)
    _, validation = split(60, 0.2, spec.seed)
    for column in columns.values():
        assert isinstance(column, NumericColumn)
        column.values[validation] = 1e6
    assert prepare(spec, MemoryTable(columns)).preprocessing == data.preprocessing


def test_targets_are_encoded_for_the_loss() -> None:
    columns = flower_columns()
    _, data = prepared(TrainingSpec(target="kind"), columns)
    assert data.y.shape == (72,)
    assert data.preprocessing.target == ClassTarget("kind", ("aster", "iris", "rose"))
    spec = TrainingSpec.model_validate({"target": "kind", "loss": "mean_squared_error"})
    _, data = prepared(spec, columns)
    assert data.y.shape == (72, 3)
    np.testing.assert_array_equal(array(data.y).sum(axis=1), 1)


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_class_losses_take_class_indices(loss: str) -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": levels("b", "a", "b", "a")}
    spec = {"target": "y", "validation": None, "loss": loss}
    _, data = prepared(TrainingSpec.model_validate(spec), columns)
    assert array(data.y).tolist() == [1, 0, 1, 0]


def test_gaussian_has_two_outputs_and_one_target() -> None:
    spec = TrainingSpec.model_validate({"target": "y", "loss": "gaussian"})
    resolved, data = prepared(spec, line_columns())
    assert resolved.network.output.units == 2
    assert data.y.shape == (48, 1)


def test_two_classes_and_a_sigmoid_have_one_column() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": levels("b", "a", "b", "a")}
    _, data = prepared(TrainingSpec(target="y", validation=None), columns)
    assert array(data.y).tolist() == [[1], [0], [1], [0]]
    assert data.x_validation is None
    assert data.y_validation is None


def test_rows_without_a_target_are_left_out() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": numbers(1, None, 3, 5)}
    spec = TrainingSpec(
        target="y", validation=None, preprocessing=PreprocessingSpec(target="none", numeric="none")
    )
    _, data = prepared(spec, columns)
    assert array(data.y).tolist() == [[1], [3], [5]]
    assert array(data.x).tolist() == [[1], [3], [4]]
    assert data.preprocessing.target == NumericTarget("y", 0, 1)


def test_validation_keeps_the_classes_shares() -> None:
    spec = TrainingSpec(target="kind", validation=FractionValidation(fraction=0.3))
    _, data = prepared(spec, flower_columns())
    assert data.y_validation is not None
    assert np.bincount(np.asarray(data.y_validation, np.intp)).tolist() == [9, 9, 9]


def mismatch(target: Column, schema: ColumnSchema, feature: Column | None = None) -> str:
    described = ColumnSchema("x", "numeric", 0, 3)
    table = TableSchema(4, (described, schema))
    spec = resolve(TrainingSpec(target="y", validation=None), table).spec
    columns: dict[str, Column] = {"y": target}
    if feature is not None:
        columns["x"] = feature
    with pytest.raises(DataError) as raised:
        prepare(spec, MemoryTable(columns))
    return str(raised.value)


def test_rows_that_contradict_the_schema_are_refused() -> None:
    x, y = numbers(1, 2, 3, 4), ColumnSchema("y", "numeric", 0, 4)
    two = ColumnSchema("y", "categorical", 0, 2)
    assert "no column 'x'" in mismatch(numbers(1, 2, 3, 4), y)
    assert "has categories" in mismatch(levels("a", "b", "a", "b"), y, x)
    assert "has 1 classes, not 2" in mismatch(levels("a", "a", None, None), two, x)
    assert "at least 2 are needed" in mismatch(numbers(1, None, None, None), y, x)
    assert "no value in any feature" in mismatch(
        numbers(1, 2, 3, 4), y, levels(None, None, None, None)
    )


def test_input_width_that_does_not_fit_the_network_is_refused() -> None:
    columns: dict[str, Column] = {
        "x": levels("a", "b", "c", "c"),
        "y": numbers(1, 2, 3, None),
    }
    network = {"layers": [{"type": "reshape", "shape": [3]}]}
    spec = {"target": "y", "network": network, "validation": None}
    with pytest.raises(DataError, match=r"make 2 inputs.*/network/layers/0"):
        prepared(TrainingSpec.model_validate(spec), columns | {"x": levels("a", "b", "b", "c")})
    prepared(TrainingSpec.model_validate(spec), columns)


def mixed_columns(rows: int = 50) -> dict[str, Column]:
    """Numeric, categorical and boolean columns with missing values, and a weight column."""
    return {
        "x": numbers(*(None if row % 7 == 3 else row * 1.5 for row in range(rows))),
        "c": levels(*(None if row % 11 == 5 else "uvw"[row % 3] for row in range(rows))),
        "t": truths(*(row % 4 == 0 for row in range(rows))),
        "w": numbers(*(1.0 + row % 5 for row in range(rows))),
        "y": levels(*(None if row == 20 else "ab"[row % 2] for row in range(rows))),
    }


@pytest.mark.parametrize("chunk_rows", [1, 7, 50])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "mean_squared_error"])
def test_arrays_do_not_depend_on_chunk_size_or_storage(
    chunk_rows: int, loss: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = mixed_columns()
    asked = {"target": "y", "sample_weight": "w", "class_weight": "balanced", "loss": loss}
    spec, whole = prepared(TrainingSpec.model_validate(asked), columns)
    monkeypatch.setattr(input_writer, "CHUNK_BYTES", 100)
    table = MemoryTable(columns, chunk_rows=chunk_rows)
    data = prepare(spec, table, allocate=allocate_elsewhere)
    assert data.preprocessing == whole.preprocessing
    for name in ("x", "y", "weights", "x_validation", "y_validation", "weights_validation"):
        found = getattr(data, name)
        np.testing.assert_array_equal(found[0 : len(found)], getattr(whole, name))
        assert found.dtype == getattr(whole, name).dtype


def test_the_size_of_the_arrays_is_known_before_they_are_written() -> None:
    columns = mixed_columns()
    spec, data = prepared(TrainingSpec(target="y", sample_weight="w"), columns)
    arrays = (data.x, data.y, data.weights)
    validation = (data.x_validation, data.y_validation, data.weights_validation)
    expected = sum(array(rows).nbytes for rows in (*arrays, *validation))
    assert Preparation(spec, MemoryTable(columns)).data_bytes == expected


def test_description_excludes_what_arrays_do_not_depend_on() -> None:
    asked: dict[str, Any] = {"target": "kind", "validation": {"folds": 3}}

    def describe(fold: int | None = None, **options: Any) -> str:
        spec, _ = prepared(TrainingSpec.model_validate(asked | options), flower_columns())
        return json.dumps(describe_preparation(spec, fold))

    same = {"network": {"layers": []}, "epochs": 3, "optimizer": "sgd", "batch_size": 5}
    assert describe(0, **same) == describe(0)
    assert describe(seed=1, validation=None) == describe(validation=None)
    # The findings of all rows include those of the folds.
    assert describe(seed=1) != describe() != describe(validation=None)
    others = (
        describe(0, seed=1),
        describe(1),
        describe(0, dtype="float64"),
        describe(0, loss="mean_squared_error"),
        describe(0, class_weight="balanced"),
        describe(0, features=["width"]),
        describe(0, preprocessing={"numeric": "min_max"}),
        describe(validation={"fraction": 0.3}),
        describe(),
    )
    assert len({describe(0), *others}) == len(others) + 1
