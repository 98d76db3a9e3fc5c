"""Training with batch normalization where batches would have one row."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, MemoryTable, NumericColumn
from engine.errors import DataError
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import describe, draw, prepared

LAYERS = [
    {"type": "dense", "units": 16},
    {"type": "batch_normalization"},
    {"type": "dense", "units": 16},
    {"type": "residual", "layers": [{"type": "batch_normalization"}]},
]
CODE = "last_row_joined"


def sums(rows: int) -> dict[str, Column]:
    """Return y = a + b for the training rows, and 64 rows for validation."""
    x = draw(rows + 64, 2, seed=3)
    split = np.arange(rows + 64) >= rows
    return {
        "a": NumericColumn(x[:, 0]),
        "b": NumericColumn(x[:, 1]),
        "y": NumericColumn(x.sum(axis=1)),
        "split": NumericColumn(split.astype(np.float64)),
    }


def normalized(rows: int, **options: Any) -> Training:
    spec: dict[str, Any] = {
        "target": "y",
        "features": ["a", "b"],
        "task": "regression",
        "network": {"layers": LAYERS},
        "optimizer": {"type": "adam", "learning_rate": 0.01},
        "validation": {"column": "split", "values": [1]},
    }
    return Training(*prepared(TrainingSpec.model_validate(spec | options), sums(rows)))


@pytest.mark.parametrize("rows", [33, 65])
def test_a_row_that_is_left_does_no_harm(rows: int) -> None:
    *_, record = train(normalized(rows, epochs=100))
    found = record.metrics["validation_r2"]
    assert isinstance(found, float)
    assert found > 0.8


def test_steps_schedule_and_finding_are_those_of_the_joined_batch() -> None:
    training = normalized(65, epochs=3, schedule="one_cycle")
    assert [(finding.level, finding.pointer, finding.code) for finding in training.findings] == [
        ("info", "/batch_size", CODE)
    ]
    records = list(train(training))
    assert [record.steps for record in records] == [2, 4, 6]
    # The last step has the least rate: the schedule counts the same steps.
    assert records[-1].learning_rate == pytest.approx(0.01 / 25 / 1e4)


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        (64, {}),
        (66, {}),
        (65, {"batch_size": "full"}),
        (65, {"network": {"layers": [{"type": "layer_normalization"}]}}),
        (65, {"network": {"layers": [{"type": "batch_normalization", "frozen": True}]}}),
    ],
)
def test_nothing_is_joined_elsewhere(rows: int, options: dict[str, Any]) -> None:
    assert normalized(rows, **options).findings == ()


def test_each_fold_joins_its_own_row() -> None:
    columns = sums(1)
    request = {"target": "y", "features": ["a", "b"], "task": "regression", "epochs": 1}
    request |= {"validation": {"folds": 2}, "network": {"layers": LAYERS}}
    spec = resolve(TrainingSpec.model_validate(request), describe(columns)).spec
    folded = FoldedTraining(spec, lambda fold: prepare(spec, MemoryTable(columns), fold=fold))
    list(train(folded))
    # The folds have 32 and 33 training rows, the final network 65.
    final, fold = folded.findings
    assert (final.pointer, final.detail.split()[0]) == ("/batch_size", "65")
    assert fold.pointer == "/validation"
    assert fold.detail.startswith("the training rows of fold ")


def test_a_single_row_is_an_error_of_the_data() -> None:
    with pytest.raises(DataError, match="at least two training rows"):
        normalized(1)
