import numpy as np
import pytest

from engine.errors import DataError
from engine.preparation import prepare
from engine.preprocessing import ClassTarget, NumericTarget
from engine.resolve import resolve
from engine.specs import FractionValidation, PreprocessingSpec, TrainingSpec
from engine.splits import split
from engine.tables import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from tests.engine.examples import (
    flower_columns,
    levels,
    line_columns,
    numbers,
    prepared,
)


def test_numeric_inputs_are_standardized_on_the_training_rows() -> None:
    _, data = prepared(TrainingSpec(target="y", dtype="float64"), line_columns())
    np.testing.assert_allclose(data.x.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(data.x.std(axis=0), 1)
    np.testing.assert_allclose(data.y.std(), 1)
    assert data.x_validation is not None
    assert abs(data.x_validation.std(axis=0) - 1).min() > 1e-3


def test_wild_validation_rows_do_not_reach_the_fit() -> None:
    columns = line_columns()
    spec, data = prepared(TrainingSpec(target="y"), columns)
    _, held_out = split(60, 0.2, spec.seed)
    for column in columns.values():
        assert isinstance(column, NumericColumn)
        column.values[held_out] = 1e6
    assert prepare(spec, MemoryTable(columns)).preprocessing == data.preprocessing


def test_target_of_each_loss_has_its_form() -> None:
    columns = flower_columns()
    _, data = prepared(TrainingSpec(target="kind"), columns)
    assert data.y.shape == (72,)
    assert data.preprocessing.target == ClassTarget("kind", ("aster", "iris", "rose"))
    spec = TrainingSpec.model_validate({"target": "kind", "loss": "mean_squared_error"})
    _, data = prepared(spec, columns)
    assert data.y.shape == (72, 3)
    np.testing.assert_array_equal(data.y.sum(axis=1), 1)


@pytest.mark.parametrize("loss", ["cross_entropy", "hinge"])
def test_losses_by_class_take_indices(loss: str) -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": levels("b", "a", "b", "a")}
    spec = {"target": "y", "validation": None, "loss": loss}
    _, data = prepared(TrainingSpec.model_validate(spec), columns)
    assert data.y.tolist() == [1, 0, 1, 0]


def test_gaussian_has_two_outputs_and_one_target() -> None:
    spec = TrainingSpec.model_validate({"target": "y", "loss": "gaussian"})
    resolved, data = prepared(spec, line_columns())
    assert resolved.network.output.units == 2
    assert data.y.shape == (48, 1)


def test_two_classes_and_a_sigmoid_have_one_column() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": levels("b", "a", "b", "a")}
    _, data = prepared(TrainingSpec(target="y", validation=None), columns)
    assert data.y.tolist() == [[1], [0], [1], [0]]
    assert data.x_validation is None
    assert data.y_validation is None


def test_rows_without_a_target_are_left_out() -> None:
    columns: dict[str, Column] = {"x": numbers(1, 2, 3, 4), "y": numbers(1, None, 3, 5)}
    spec = TrainingSpec(
        target="y", validation=None, preprocessing=PreprocessingSpec(target="none", numeric="none")
    )
    _, data = prepared(spec, columns)
    assert data.y.tolist() == [[1], [3], [5]]
    assert data.x.tolist() == [[1], [3], [4]]
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


def test_rows_that_do_not_bear_out_the_schema_are_refused() -> None:
    x, y = numbers(1, 2, 3, 4), ColumnSchema("y", "numeric", 0, 4)
    two = ColumnSchema("y", "categorical", 0, 2)
    assert "no column 'x'" in mismatch(numbers(1, 2, 3, 4), y)
    assert "has categories" in mismatch(levels("a", "b", "a", "b"), y, x)
    assert "has 1 classes, not 2" in mismatch(levels("a", "a", None, None), two, x)
    assert "at least 2 are needed" in mismatch(numbers(1, None, None, None), y, x)
    assert "no value in any feature" in mismatch(
        numbers(1, 2, 3, 4), y, levels(None, None, None, None)
    )


def test_inputs_that_the_network_cannot_bear_are_refused() -> None:
    columns: dict[str, Column] = {
        "x": levels("a", "b", "c", "c"),
        "y": numbers(1, 2, 3, None),
    }
    network = {"layers": [{"type": "reshape", "shape": [3]}]}
    spec = {"target": "y", "network": network, "validation": None}
    with pytest.raises(DataError, match=r"make 2 inputs.*/network/layers/0"):
        prepared(TrainingSpec.model_validate(spec), columns | {"x": levels("a", "b", "b", "c")})
    prepared(TrainingSpec.model_validate(spec), columns)
