"""Findings about the result: a loss far above the start's, an accuracy at chance."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, NumericColumn
from engine.findings import Finding
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.loss_sample import SAMPLE_ROWS, LossChange
from engine.training.training import Training
from tests.engine.examples import (
    ListedRows,
    draw,
    flower_columns,
    line_columns,
    prepared,
    same_arrays,
    start,
)


def noise(rows: int = 200, share: float = 0.5) -> dict[str, Column]:
    """Return two classes that the inputs say nothing of."""
    codes = (np.random.default_rng(3).random(rows) >= share).astype(np.int32)
    x = draw(rows, 2, seed=1)
    return {
        "a": NumericColumn(x[:, 0]),
        "b": NumericColumn(x[:, 1]),
        "y": CategoricalColumn(codes, ("no", "yes")),
    }


def found(columns: dict[str, Column], **request: Any) -> list[Finding]:
    """Train, and return the findings about the result."""
    training = start(TrainingSpec.model_validate(request), columns)
    *_, record = train(training)
    values = training.best if training.keeps_best else record.values()
    return list(training.result_findings(values or {}))


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code for finding in findings]


def fast(name: str, rate: float, **options: Any) -> dict[str, Any]:
    return {"optimizer": {"type": name, "learning_rate": rate} | options}


def test_a_loss_far_above_the_start_is_found_and_its_fix_removes_it() -> None:
    request: dict[str, Any] = {"target": "y", "epochs": 20, "dtype": "float64"}
    (finding,) = found(line_columns(), **request, **fast("adam", 100.0, beta1=0.5))
    assert (finding.level, finding.pointer) == ("warning", "/optimizer/learning_rate")
    assert (finding.code, finding.epoch) == ("loss_above_start", 20)
    assert "was tried for" in finding.detail
    assert finding.fix is not None
    ((operation),) = finding.fix["patch"]
    assert (operation["op"], operation["path"]) == ("add", "/optimizer")
    assert (operation["value"]["type"], operation["value"]["beta1"]) == ("adam", 0.5)
    assert found(line_columns(), **request, optimizer=operation["value"]) == []


def test_oscillation_that_ends_at_the_start_is_found() -> None:
    """Steps of one length forth and back: the weights may end where they began."""
    request = {"target": "y", "epochs": 40, "network": {"layers": []}}
    assert codes(found(line_columns(), **request, **fast("lion", 100.0))) == ["loss_above_start"]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"epochs": 1},
        {"optimizer": "lbfgs", "batch_size": "full"},
        {"early_stopping": {}},
        {"loss": "gaussian"},
        {"preprocessing": {"target": "none"}},
        {"network": {"layers": [{"type": "dropout"}, {"type": "dense", "units": 8}]}},
        {"network": {"layers": [{"type": "batch_normalization"}, {"type": "dense", "units": 8}]}},
    ],
    ids=str,
)
def test_ordinary_trainings_have_no_findings(options: dict[str, Any]) -> None:
    assert found(line_columns(), target="y", **options) == []
    if not options.keys() & {"loss", "epochs"}:
        assert found(flower_columns(), target="kind", **options) == []


def test_a_training_from_good_weights_is_compared_with_them() -> None:
    request = {"target": "y", "epochs": 20, "batch_size": "full"}
    good = start(TrainingSpec.model_validate(request | {"optimizer": "lbfgs"}), line_columns())
    list(train(good))
    asked = TrainingSpec.model_validate(request | fast("adam", 1.0))
    spoiled = Training(*prepared(asked, line_columns()), good.weights())
    *_, record = train(spoiled)
    assert codes(list(spoiled.result_findings(record.values()))) == ["loss_above_start"]


def test_the_returned_weights_count_if_the_best_are_kept() -> None:
    request = {"target": "y", "epochs": 20, "early_stopping": {"patience": None, "target_value": 0}}
    training = start(TrainingSpec.model_validate(request | fast("adam", 1.0)), line_columns())
    list(train(training))
    best = training.best
    assert best is not None
    before, state = training.weights(), training.state()
    change = training.loss_change(best["loss"])
    assert same_arrays(training.weights(), before)
    assert same_arrays(training.state().arrays, state.arrays)
    end = Training(*prepared(TrainingSpec.model_validate(request), line_columns()), before)
    assert change.end == pytest.approx(end.loss_change(None).end)


@pytest.mark.parametrize("layer", ["dropout", "batch_normalization"])
def test_measuring_the_start_changes_no_bit(layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [{"type": layer}, {"type": "dense", "units": 8}]
    request = {"target": "kind", "epochs": 2, "network": {"layers": layers}}
    spec, data = prepared(TrainingSpec.model_validate(request), flower_columns())
    measured, other = Training(spec, data), Training(spec, data)
    records = list(train(measured))
    monkeypatch.setattr("engine.training.loss_sample.LossSample.at_start", lambda *_: None)
    assert list(train(other)) == records
    assert same_arrays(measured.weights(), other.weights())


def test_the_sample_is_the_same_wherever_the_rows_are() -> None:
    spec, data = prepared(TrainingSpec(target="y", epochs=1), line_columns(rows=1000))
    listed = {name: ListedRows(np.array(getattr(data, name))) for name in ("x", "y")}
    changes = []
    for rows in (data, type(data)(**{**vars(data), **listed})):
        training = Training(spec, rows)
        list(train(training))
        changes.append(training.loss_change(1e9))
    assert changes[0] == changes[1]
    # Only a sample of all rows is compared with the epoch's loss.
    assert len(data.x) > SAMPLE_ROWS
    assert changes[0].recorded is None


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1.0, 1.9, False),
        (1.0, 2.1, True),
        (-1.0, -0.5, False),
        (-1.0, 0.1, True),
        (1e-12, 3e-12, True),
        (1.0, float("nan"), True),
        (None, 1e9, False),
    ],
)
def test_far_above_is_by_more_than_the_size_of_the_start(
    start: float | None, end: float, *, expected: bool
) -> None:
    assert LossChange(start, end).is_far_above == expected


@pytest.mark.parametrize("validation", [None, {"fraction": 0.3}])
@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_an_accuracy_at_chance_is_found(validation: object, activation: str) -> None:
    network = {"layers": [], "output": {"activation": activation}}
    request = {"target": "y", "epochs": 3, "network": network, "validation": validation}
    (finding,) = found(noise(1000), **request)
    assert (finding.level, finding.pointer) == ("warning", "/metrics")
    assert (finding.code, finding.fix, finding.epoch) == ("accuracy_at_chance", None, 3)
    assert ("300 validation" if validation else "1000 training") in finding.detail


def test_a_frequent_class_at_chance_names_the_alternatives() -> None:
    (finding,) = found(noise(share=0.9), target="y", epochs=3)
    assert "balanced_accuracy" in finding.detail
    # Weights would only hide it: the accuracy of weighted rows is not judged.
    assert finding.fix is None


def test_numbers_at_chance_as_classes_suggest_a_quantity() -> None:
    grades = np.random.default_rng(5).integers(0, 5, 300)
    columns: dict[str, Column] = noise(300) | {"y": NumericColumn(grades.astype(np.float64))}
    request: dict[str, Any] = {"target": "y", "epochs": 3, "validation": {"fraction": 0.3}}
    (finding,) = found(columns, **request, task="classification")
    assert finding.code == "accuracy_at_chance"
    assert finding.fix is not None
    assert [operation["path"] for operation in finding.fix["patch"]] == ["/task", "/loss"]
    assert found(columns, **request, task="regression", loss="mean_squared_error") == []


def test_an_exploded_validation_loss_is_found_and_its_fix_removes_it() -> None:
    request: dict[str, Any] = {"target": "kind", "epochs": 20, "validation": {"fraction": 0.3}}
    request["seed"] = 2
    (finding,) = found(flower_columns(240), **request, **fast("adam", 1000.0))
    assert (finding.level, finding.pointer) == ("warning", "/optimizer/learning_rate")
    assert finding.code == "validation_loss_above_start"
    assert finding.fix is not None
    ((operation),) = finding.fix["patch"]
    assert found(flower_columns(240), **request, optimizer=operation["value"]) == []


def test_a_learned_frequent_class_is_no_finding() -> None:
    columns = noise(share=0.9)
    target = columns["y"]
    assert isinstance(target, CategoricalColumn)
    columns["a"] = NumericColumn(target.codes.astype(np.float64))
    assert found(columns, target="y", epochs=30, optimizer="lbfgs", batch_size="full") == []


def test_three_classes_at_chance() -> None:
    columns = flower_columns(300)
    columns["length"], columns["width"] = noise(300)["a"], noise(300)["b"]
    assert codes(found(columns, target="kind", epochs=2)) == ["accuracy_at_chance"]


def test_weighted_rows_and_other_metrics_are_not_judged() -> None:
    columns = noise() | {"w": NumericColumn(np.linspace(0.5, 1.5, 200))}
    assert found(columns, target="y", epochs=2, sample_weight="w", features=["a", "b"]) == []
    assert found(noise(), target="y", epochs=2, metrics=["f1"]) == []
