"""Findings about requested metrics without a finite value: what, in which rows, why, what to do."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, NumericColumn
from engine.findings import Finding
from engine.specs import TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import Matrix, draw, levels, start

ROWS = 60
LINE = draw(ROWS)
PARTS = levels(*(["train", "train", "val", "test", "train"] * (ROWS // 5)))
BY_PART: dict[str, Any] = {
    "features": ["x"],
    "validation": {"column": "part", "values": ["val"]},
    "test": {"column": "part", "values": ["test"]},
}


def table(y: Matrix, **more: Column) -> dict[str, Column]:
    return {"x": NumericColumn(LINE), "y": NumericColumn(y), "part": PARTS, **more}


def run(columns: dict[str, Column], **request: Any) -> Training:
    """Train, and evaluate the test rows as at the end of a job."""
    spec = TrainingSpec.model_validate({"target": "y", "epochs": 2, **BY_PART, **request})
    training = start(spec, columns)
    list(train(training))
    training.test_metrics()
    return training


def about_metrics(training: Training) -> list[Finding]:
    return [finding for finding in training.findings if finding.code.startswith("metric_")]


def constant_in(part: str, y: Matrix) -> Matrix:
    assert part in PARTS.levels
    is_part = np.array(PARTS.levels)[PARTS.codes] == part
    return np.where(is_part, 0.25, y)


@pytest.mark.parametrize("names", [["mse", "rmse", "r2"], ["mse", "mape", "explained_variance"]])
def test_a_square_beyond_the_range_is_found_in_every_part(names: list[str]) -> None:
    training = run(table(1e200 * (draw(ROWS, seed=1) + 5)), metrics=names)
    first, second = about_metrics(training)
    assert (first.level, first.pointer, first.code) == ("warning", "/metrics", "metric_not_finite")
    assert first.detail.startswith("mse of the training and validation rows: not recorded")
    assert "1.8e+308" in first.detail
    assert first.epoch == 1
    others = [name for name in names if name != "mse"]
    fix = {"patch": [{"op": "add", "path": "/metrics", "value": others}]}
    assert first.fix == fix
    assert (second.pointer, second.code, second.fix) == ("/test", "metric_not_finite", fix)
    assert second.detail.startswith("mse of the test rows: not recorded")
    assert about_metrics(run(table(1e200 * (draw(ROWS, seed=1) + 5)), metrics=others)) == []


def test_rmse_is_advised_in_place_of_mse() -> None:
    columns = table(1e200 * draw(ROWS, seed=1))
    finding = about_metrics(run(columns, metrics=["mse"]))[0]
    assert "record rmse in place of mse" in finding.detail
    assert finding.fix is None


def test_a_scale_is_advised_for_a_target_that_has_none() -> None:
    columns = table(1e-200 * (draw(ROWS, seed=1) + 1))
    request: dict[str, Any] = {"dtype": "float64", "metrics": ["rmse", "r2"]}
    request |= {"optimizer": {"type": "sgd", "learning_rate": 1e-6}}
    finding = about_metrics(run(columns, **request, preprocessing={"target": "none"}))[0]
    assert finding.detail.startswith("r2 of the training and validation rows: not recorded")
    assert "set preprocessing.target to standardize" in finding.detail
    assert about_metrics(run(columns, **request)) == []


def test_a_target_near_0_is_the_reason_for_an_infinite_mape() -> None:
    columns = table(draw(ROWS, seed=1) * np.where(np.arange(ROWS) % 2, 1.0, 1e-308))
    finding = about_metrics(run(columns, dtype="float64", metrics=["mae", "mape"]))[0]
    assert "record mae in place of mape, which divides by targets near 0" in finding.detail
    assert "by a constant" not in finding.detail


def test_a_metric_of_single_targets_is_named_with_them() -> None:
    columns = table(1e200 * draw(ROWS, seed=1), z=NumericColumn(draw(ROWS, seed=2)))
    training = run(columns, target=["y", "z"], metrics=["rmse", "mse"])
    finding = about_metrics(training)[0]
    assert finding.detail.startswith("mse of 'y' of the training and validation rows")
    columns = table(draw(ROWS), z=NumericColumn(constant_in("val", draw(ROWS, seed=2))))
    (finding,) = about_metrics(run(columns, target=["y", "z"]))
    assert finding.detail.startswith("r2 of 'z' of the validation rows: not recorded")


@pytest.mark.parametrize(
    ("part", "pointer", "where"),
    [
        ("train", "/metrics", "training"),
        ("val", "/metrics", "validation"),
        ("test", "/test", "test"),
    ],
)
def test_a_constant_target_is_the_reason_for_undefined_metrics(
    part: str, pointer: str, where: str
) -> None:
    y = constant_in(part, draw(ROWS, seed=1))
    (finding,) = about_metrics(run(table(y), metrics=["rmse", "r2", "explained_variance"]))
    assert finding.code == "metric_undefined"
    assert (finding.level, finding.pointer, finding.fix) == ("info", pointer, None)
    assert finding.detail == (
        f"r2, explained_variance of the {where} rows: not recorded, because the target has a "
        "single value in these rows"
    )


def test_areas_of_one_class_are_undefined() -> None:
    codes = constant_in("val", (draw(ROWS, seed=1) > 0).astype(np.float64)) > 0.5
    columns = table(codes.astype(np.float64))
    training = run(columns, task="classification", metrics=["accuracy", "roc_auc", "pr_auc"])
    (finding,) = about_metrics(training)
    assert finding.detail.startswith("roc_auc, pr_auc of the validation rows: not recorded")
    assert finding.detail.endswith("of a single class")


def test_inputs_that_are_constant_have_no_r2() -> None:
    x = constant_in("val", LINE)
    columns = table(draw(ROWS)) | {"x": NumericColumn(x)}
    training = run(columns, target=None, task="reconstruction", network={"layers": []})
    (finding,) = about_metrics(training)
    assert finding.detail.startswith("r2 of the validation rows: not recorded, because no input")


@pytest.mark.parametrize(
    "request_part",
    [
        {"early_stopping": {"metric": "validation_mse", "patience": 5}},
        {"schedule": {"type": "reduce_on_plateau", "metric": "mse"}},
    ],
    ids=["stopping", "schedule"],
)
def test_a_monitored_metric_has_no_fix_that_would_be_refused(request_part: dict[str, Any]) -> None:
    columns = table(1e200 * draw(ROWS, seed=1))
    finding = about_metrics(run(columns, metrics=["rmse", "mse"], **request_part))[0]
    assert "no epoch counts as an improvement" in finding.detail
    assert finding.fix is None


def test_an_undefined_metric_that_is_monitored_is_a_warning() -> None:
    y = constant_in("val", draw(ROWS, seed=1))
    stopping = {"metric": "validation_r2", "patience": 5}
    (finding,) = about_metrics(run(table(y), early_stopping=stopping))
    assert finding.level == "warning"


def test_a_loss_of_the_test_rows_beyond_the_range_is_found() -> None:
    is_test = np.array(PARTS.levels)[PARTS.codes] == "test"
    columns = table(np.where(is_test, 1e37, draw(ROWS, seed=1)))
    training = run(columns, metrics=["rmse"], test=BY_PART["test"])
    assert training.test_metrics() is not None
    assert "loss" not in (training.test_metrics() or {})
    (finding,) = about_metrics(training)
    assert (finding.code, finding.pointer, finding.fix) == ("metric_not_finite", "/test", None)
    assert finding.detail.startswith("loss of the test rows: not recorded")


def test_a_training_whose_metrics_are_all_recorded_has_no_finding() -> None:
    assert about_metrics(run(table(draw(ROWS, seed=1)), metrics="all")) == []
