"""A row of weight 0 has no effect: neither on the preprocessing nor on the weights."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import draw, levels, numbers, prepared, same_arrays

ROWS = 60
IGNORED = np.arange(ROWS) % 6 == 0


def trained(spoil: float, task: str) -> Training:
    x, z = draw(ROWS, seed=1), draw(ROWS, seed=2)
    y = 2 * x - z
    spoiled = {"x": 900 * spoil, "z": -70 * spoil, "y": 5555 * spoil}
    columns: dict[str, Column] = {
        name: NumericColumn(np.where(IGNORED, values + spoiled[name], values))
        for name, values in {"x": x, "z": z, "y": y}.items()
    }
    columns["w"] = NumericColumn(np.where(IGNORED, 0.0, 1.0))
    columns["kind"] = CategoricalColumn((y > 0).astype(np.int32), ("a", "b"))
    target = "y" if task == "regression" else "kind"
    request = {"target": target, "features": ["x", "z"], "sample_weight": "w", "epochs": 2}
    validation = {"fraction": 0.2, "stratify": False}
    spec = TrainingSpec.model_validate({**request, "validation": validation})
    resolved, data = prepared(spec, columns)
    training = Training(resolved, data)
    list(train(training))
    return training


@pytest.mark.parametrize("task", ["regression", "classification"])
def test_rows_of_weight_0_change_nothing(task: str) -> None:
    clean, spoiled = trained(0.0, task), trained(1.0, task)
    assert same_arrays(clean.weights(), spoiled.weights())
    assert clean.preprocessing == spoiled.preprocessing
    assert clean.best == spoiled.best
    assert clean.findings == spoiled.findings


# The last rows are the validation rows.
TRAINED = np.arange(ROWS) < 48


def find(columns: dict[str, Column], code: str, **request: Any) -> str:
    """Return the detail of the warning about the target with this code."""
    table: dict[str, Column] = {
        "x": NumericColumn(draw(ROWS)),
        "at": NumericColumn(np.arange(60.0)),
    }
    validation = {"fraction": 0.2, "order_by": "at"}
    asked = {"target": "y", "features": ["x"], "validation": validation, **request}
    _, data = prepared(TrainingSpec.model_validate(asked), {**table, **columns})
    (found,) = [finding for finding in data.findings if finding.code == code]
    assert (found.level, found.pointer, found.fix) == ("warning", "/target", None)
    return found.detail


@pytest.mark.parametrize("request_", [{"sample_weight": "w"}, {"class_weight": {"b": 0}}])
def test_a_class_all_of_whose_rows_have_weight_0_cannot_be_learned(
    request_: dict[str, Any],
) -> None:
    columns: dict[str, Column] = {"y": levels(*"abc" * 20), "w": numbers(*[1, 0, 1] * 20)}
    detail = find(columns, "class_without_training_rows", **request_)
    assert "all training rows of the class 'b' have weight 0" in detail
    assert "no training row has" not in detail


def test_both_reasons_for_a_class_that_cannot_be_learned_are_reported() -> None:
    columns: dict[str, Column] = {"y": levels(*"abd" * 16, *"abc" * 4)}
    detail = find(columns, "class_without_training_rows", class_weight={"b": 0})
    assert "no training row has the class 'c'" in detail
    assert "all training rows of the class 'b' have weight 0" in detail


def test_a_target_that_is_constant_apart_from_rows_of_weight_0_is_found() -> None:
    y = np.where(TRAINED & ~IGNORED, 5.0, np.arange(ROWS))
    weight = NumericColumn(np.where(IGNORED, 0.0, 1.0))
    detail = find(
        {"y": NumericColumn(y), "w": weight}, "constant_target_in_training", sample_weight="w"
    )
    assert detail.startswith("all training rows with a weight above 0 have the same number")
