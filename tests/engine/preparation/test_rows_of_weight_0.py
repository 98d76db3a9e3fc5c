"""A row of weight 0 has no effect: neither on the preprocessing nor on the weights."""

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import draw, prepared, same_arrays

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
