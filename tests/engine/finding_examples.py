"""An example of every code of a finding: a table and a request that have it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from engine.data.table import CategoricalColumn, Column, MemoryTable, NumericColumn
from engine.findings import Finding, FindingCode
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import describe, draw, flower_columns, levels, numbers

Stage = Literal["request", "rows", "training"]
ROWS = 60


@dataclass(frozen=True)
class Example:
    """A job that has a finding.

    Attributes:
        request: the job's request, without its dataset.
        columns: columns of the table.
        stage: when it is found.
        has_fix: whether something can be done about it.
        promise: what is so after the fix, besides that the finding is gone.
    """

    request: dict[str, Any]
    columns: dict[str, Column]
    stage: Stage = "request"
    has_fix: bool = True
    promise: Callable[[ResolvedSpec], bool] = field(default=lambda _spec: True)

    def find(self, request: Mapping[str, Any]) -> tuple[ResolvedSpec, list[Finding]]:
        """Return the resolved spec and the findings of a request for the example's table."""
        resolution = resolve(TrainingSpec.model_validate(request), describe(self.columns))
        spec, findings = resolution.spec, list(resolution.findings)
        if self.stage == "request":
            return spec, findings
        data = prepare(spec, MemoryTable(self.columns))
        if self.stage == "rows":
            return spec, [*findings, *data.findings]
        training = Training(spec, data)
        *_, record = train(training)
        found = training.findings
        return spec, [*findings, *found, *training.result_findings(record.values())]


def _whole(*values: float) -> NumericColumn:
    return numbers(*(values[row % len(values)] for row in range(ROWS)))


def _noise(seed: int = 0) -> NumericColumn:
    return NumericColumn(draw(ROWS, seed=seed))


def _letters(letters: str) -> CategoricalColumn:
    return levels(*(letters[row % len(letters)] for row in range(ROWS)))


def _text() -> CategoricalColumn:
    return levels(*(f"remark {row}" for row in range(ROWS)))


_TABLE: dict[str, Column] = {"x": _noise(), "z": _noise(1), "kind": _letters("ab")}
_HOLES = NumericColumn(np.where(np.arange(ROWS) % 7 == 0, np.nan, draw(ROWS, seed=2)))


def _without(name: str) -> Callable[[ResolvedSpec], bool]:
    return lambda spec: name not in spec.features


_SMALL: dict[str, Any] = {
    "type": "dense",
    "units": 3,
    "activation": "linear",
    "initializer": {"type": "normal", "std": 1e-3},
}

EXAMPLES: dict[FindingCode, Example] = {
    "batch_is_everything": Example({"target": "kind", "batch_size": 500}, _TABLE),
    "constant_feature": Example(
        {"target": "kind"}, {**_TABLE, "flat": _whole(1)}, promise=_without("flat")
    ),
    "identifier": Example(
        {"target": "kind", "features": ["userId", "x"]},
        {**_TABLE, "userId": numbers(*(7 * row for row in range(ROWS)))},
        promise=_without("userId"),
    ),
    "missing_split": Example(
        {"target": "kind", "validation": {"column": "part"}},
        {**_TABLE, "part": levels(*(["train", "test", None] * 20))},
        has_fix=False,
    ),
    "missing_target": Example({"target": "y"}, {**_TABLE, "y": _HOLES}, has_fix=False),
    "no_bottleneck": Example(
        {"task": "reconstruction", "network": {"layers": []}},
        _TABLE,
        promise=lambda spec: len(spec.network.layers) == 3,
    ),
    "numbers_as_classes": Example(
        {"target": "y"},
        {**_TABLE, "y": _whole(0, 1)},
        promise=lambda spec: spec.task == "regression",
    ),
    "numbers_as_quantity": Example(
        {"target": "y"},
        {**_TABLE, "y": _whole(*range(3, 28))},
        promise=lambda spec: spec.task == "classification",
    ),
    "row_number": Example(
        {"target": "kind", "features": ["row", "x"]},
        {**_TABLE, "row": numbers(*range(ROWS))},
        promise=_without("row"),
    ),
    "rows_left_out": Example(
        {"target": "kind", "preprocessing": {"missing": "drop_row"}}, {**_TABLE, "holes": _HOLES}
    ),
    "text_left_out": Example(
        {"target": "kind"},
        {**_TABLE, "remark": _text()},
        promise=lambda spec: "remark" in spec.features,
    ),
    "unused_column": Example(
        {
            "target": "kind",
            "features": ["x"],
            "preprocessing": {"columns": {"z": {"numeric": "log1p"}}},
        },
        _TABLE,
    ),
    "unused_fill_value": Example(
        {"target": "kind", "preprocessing": {"columns": {"x": {"fill_value": 1.0}}}}, _TABLE
    ),
    "values_imputed": Example({"target": "kind"}, {**_TABLE, "holes": _HOLES}, has_fix=False),
    "unusual_loss": Example({"target": "kind", "loss": "mean_squared_error"}, _TABLE),
    "class_without_training_rows": Example(
        {"target": "kind", "features": ["x"], "validation": {"column": "part"}},
        {
            **_TABLE,
            "kind": levels(*("abc"[row % 3] for row in range(ROWS))),
            "part": levels(*(["train", "train", "test"] * 20)),
        },
        "rows",
        has_fix=False,
    ),
    "class_without_validation_rows": Example(
        {"target": "kind", "features": ["x"], "validation": {"column": "part"}},
        {
            **_TABLE,
            "kind": levels(*("abc"[row % 3] for row in range(ROWS))),
            "part": levels(*(["train", "test", "train"] * 20)),
        },
        "rows",
        has_fix=False,
    ),
    "constant_target_in_training": Example(
        {"target": "y", "features": ["x"], "validation": {"column": "part"}},
        {
            **_TABLE,
            "y": NumericColumn(np.where(np.arange(ROWS) % 3 == 2, draw(ROWS), 0.25)),
            "part": levels(*(["train", "train", "test"] * 20)),
        },
        "rows",
        has_fix=False,
    ),
    "never_varies_in_training": Example(
        {"target": "kind", "validation": {"column": "part"}},
        {
            **_TABLE,
            "sensor": NumericColumn(np.where(np.arange(ROWS) % 3 == 2, draw(ROWS), np.nan)),
            "part": levels(*(["train", "train", "test"] * 20)),
        },
        "rows",
        promise=_without("sensor"),
    ),
    "unused_in_training": Example(
        {
            "target": "x",
            "features": ["color", "z"],
            "preprocessing": {"missing_indicator": True},
            "validation": {"column": "part"},
        },
        {
            **_TABLE,
            "color": levels(*(["red", "green", None] * 20)),
            "part": levels(*(["train", "train", "test"] * 20)),
        },
        "rows",
        has_fix=False,
    ),
    "possible_leak": Example(
        {"target": "kind"},
        {**_TABLE, "outcome": _letters("pq")},
        "rows",
        promise=_without("outcome"),
    ),
    "zero_targets_in_mape": Example(
        {"target": "x", "metrics": ["mape"]},
        {"x": NumericColumn(np.where(np.arange(ROWS) % 5, draw(ROWS), 0)), "z": _noise(1)},
        "rows",
        has_fix=False,
    ),
    "accuracy_at_chance": Example(
        {"target": "y", "epochs": 1, "validation": None, "task": "classification"},
        {"x": _noise(), "y": _whole(0, 1, 2, 3, 4)},
        "training",
        promise=lambda spec: spec.task == "regression",
    ),
    "validation_loss_above_start": Example(
        {
            "target": "kind",
            "epochs": 20,
            "seed": 2,
            "validation": {"fraction": 0.3},
            "optimizer": {"type": "adam", "learning_rate": 1000.0},
        },
        dict(flower_columns(240)),
        "training",
    ),
    "last_row_joined": Example(
        {
            "target": "x",
            "epochs": 1,
            "validation": None,
            "batch_size": ROWS - 1,
            "network": {"layers": [{"type": "batch_normalization"}]},
        },
        {"x": _noise(), "z": _noise(1)},
        "training",
        has_fix=False,
    ),
    "loss_above_start": Example(
        {"target": "x", "epochs": 5, "optimizer": {"type": "adam", "learning_rate": 100.0}},
        {"x": _noise(), "z": _noise(1)},
        "training",
    ),
    "metric_not_finite": Example(
        {"target": "y", "epochs": 1, "metrics": ["mse", "rmse"]},
        {"x": _noise(), "y": NumericColumn(1e160 * draw(ROWS, seed=1))},
        "training",
        promise=lambda spec: spec.metrics == ("rmse",),
    ),
    "metric_undefined": Example(
        {"target": "y", "features": ["x"], "epochs": 1, "validation": {"column": "part"}},
        {
            "x": _noise(),
            "y": NumericColumn(np.where(np.arange(ROWS) % 3 == 2, 0.25, draw(ROWS, seed=1))),
            "part": levels(*(["train", "train", "test"] * 20)),
        },
        "training",
        has_fix=False,
    ),
    "gradient_not_finite": Example(
        {
            "target": "y",
            "epochs": 1,
            "loss": {"type": "huber", "delta": 1e6},
            "optimizer": "lion",
            "batch_size": "full",
            "preprocessing": {"numeric": "none", "target": "none"},
            "network": {"layers": [_SMALL], "output": {"initializer": _SMALL["initializer"]}},
        },
        {"x": NumericColumn(1e36 * np.linspace(1, 2, ROWS)), "y": _noise()},
        "training",
        has_fix=False,
    ),
}

_GROUPS = levels(*(f"group {row // 4}" for row in range(ROWS)))
_LABELS: dict[str, Column] = {**_TABLE, "one": _whole(0, 1), "two": _whole(0, 0, 1)}
_BY_GROUP = {"validation": {"fraction": 0.2, "group_by": "group"}}

# Findings about the parts of the rows, and about several targets.
EXAMPLES |= {
    "few_rows": Example(
        {"target": "kind", "validation": {"fraction": 0.05, "stratify": False}},
        _TABLE,
        has_fix=False,
    ),
    "group_left_out": Example(
        {"target": "kind", **_BY_GROUP},
        {**_TABLE, "group": _GROUPS},
        promise=lambda spec: "group" in spec.features,
    ),
    "groups_of_one": Example(
        {"target": "kind", **_BY_GROUP}, {**_TABLE, "group": numbers(*range(ROWS))}
    ),
    "missing_group": Example(
        {"target": "kind", **_BY_GROUP},
        {**_TABLE, "group": levels(*(["a", "b", "c", None] * 15))},
        has_fix=False,
    ),
    "test_as_validation": Example(
        {"target": "kind", "test": {"fraction": 0.2}, **_BY_GROUP},
        {**_TABLE, "group": _GROUPS},
        has_fix=False,
    ),
    "test_and_validation_differ": Example(
        {
            "target": "kind",
            "test": {"fraction": 0.2, "group_by": "group"},
            "validation": {"folds": 3, "group_by": None},
        },
        {**_TABLE, "group": _GROUPS},
    ),
    "labels_as_numbers": Example({"target": ["x", "one"]}, _LABELS),
    "incomplete_targets": Example(
        {"target": ["x", "holes", "gaps"]},
        {**_TABLE, "holes": _HOLES, "gaps": NumericColumn(_HOLES.values[::-1])},
        "rows",
        has_fix=False,
    ),
    "rare_label_combinations": Example(
        {"target": ["one", "two"]},
        {**_TABLE, "one": _whole(0, 1), "two": _whole(*([0] * 59), 1)},
        "rows",
        has_fix=False,
    ),
    "no_bottleneck": Example(
        {"task": "reconstruction", "network": {"layers": [{"type": "dense", "units": 9}]}},
        {"x": _noise(), "z": _noise(1), "w": _noise(2)},
    ),
}


def _hidden(units: int, **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **options}


_SUM: dict[str, Column] = {
    "x": _noise(),
    "z": _noise(1),
    "y": NumericColumn(draw(ROWS) - 0.5 * draw(ROWS, seed=1) + 0.1 * draw(ROWS, seed=3)),
}
_WHOLE: dict[str, Any] = {"target": "y", "validation": None, "batch_size": "full"}
_LINEAR: dict[str, Any] = {**_WHOLE, "network": {"layers": []}}


def _sgd(rate: float) -> dict[str, Any]:
    return {"type": "sgd", "learning_rate": rate}


# Conditions that the epochs show.
EXAMPLES |= {
    "vanishing_gradients": Example(
        {**_WHOLE, "epochs": 5, "network": {"layers": [_hidden(4, activation="sigmoid")] * 8}},
        _SUM,
        "training",
        promise=lambda spec: "relu" in str(spec.network.layers[0]),
    ),
    "exploding_gradients": Example(
        {**_LINEAR, "epochs": 12, "optimizer": _sgd(1.5)},
        _SUM,
        "training",
        promise=lambda spec: spec.gradient_clip is not None,
    ),
    "dying_relu": Example(
        {
            **_WHOLE,
            "epochs": 5,
            "preprocessing": {"numeric": "min_max"},
            "network": {
                "layers": [_hidden(8, initializer={"type": "constant", "value": -0.5})],
            },
        },
        _SUM,
        "training",
        promise=lambda spec: "leaky_relu" in str(spec.network.layers[0]),
    ),
    "saturated_units": Example(
        {
            **_WHOLE,
            "epochs": 5,
            "network": {
                "layers": [
                    _hidden(16, activation="tanh", initializer={"type": "normal", "std": 20.0})
                ],
            },
        },
        _SUM,
        "training",
        promise=lambda spec: "'relu'" in str(spec.network.layers[0]),
    ),
    "no_learning": Example(
        {**_WHOLE, "epochs": 10, "optimizer": _sgd(1e-9)}, _SUM, "training", has_fix=False
    ),
    "overfitting": Example(
        {
            "target": "y",
            "epochs": 15,
            "validation": {"fraction": 0.3},
            "optimizer": {"type": "adam", "learning_rate": 0.01},
        },
        {"y": _noise(99), **{f"x{index}": _noise(index) for index in range(8)}},
        "training",
        promise=lambda spec: spec.early_stopping is not None,
    ),
    "learning_rate_too_high": Example(
        {**_LINEAR, "epochs": 6, "optimizer": _sgd(1.5)},
        _SUM,
        "training",
        promise=lambda spec: spec.optimizer.learning_rate == 0.15,
    ),
    "learning_rate_too_low": Example(
        {**_WHOLE, "epochs": 14, "optimizer": {"type": "adam", "learning_rate": 1e-5}},
        _SUM,
        "training",
        promise=lambda spec: spec.optimizer.learning_rate == 1e-4,
    ),
    "restored_after_divergence": Example(
        {
            **_LINEAR,
            "epochs": 12,
            "optimizer": _sgd(500.0),
            "on_divergence": {"scale_rate": 0.001},
        },
        _SUM,
        "training",
        has_fix=False,
    ),
}

# Codes that no table alone shows, with the test of their fix.
ELSEWHERE: dict[FindingCode, str] = {
    "slow_interruption": "tests/engine/resolution/test_slow_interruption.py",
    "test_rows_seen": "tests/service/jobs/test_validation.py",
    "validates_on_training_rows": "tests/service/jobs/test_validation.py",
    "preprocessing_of_model": "tests/service/jobs/test_warm_start.py",
    "starts_from_model": "tests/service/jobs/test_checkpoints.py",
}
