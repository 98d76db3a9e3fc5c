"""Targets of a spec: the two forms of the field, and what resolution makes of them."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec, dump
from tests.engine.resolution.requests import TABLE, ask, codes, output, problems

LABELLED = TableSchema(
    TABLE.rows,
    (
        *TABLE.columns,
        ColumnSchema("rain", "categorical", 0, 2),
        ColumnSchema("sold", "numeric", 0, 2, integral=True, minimum=0),
        ColumnSchema("won", "numeric", 0, 2, integral=True, minimum=0),
    ),
)


def test_a_list_of_one_is_the_same_spec_as_the_name() -> None:
    assert TrainingSpec(target=("a",)) == TrainingSpec(target="a")
    assert dump(TrainingSpec(target=("a",)))["target"] == "a"


def test_targets_are_the_names_in_order() -> None:
    assert TrainingSpec(target="a").targets == ("a",)
    assert TrainingSpec(target=("b", "a")).targets == ("b", "a")
    assert TrainingSpec().targets == ()


def test_a_missing_target_is_a_problem() -> None:
    assert ("/target", "missing") in problems(None)


def test_several_numbers_are_a_regression_with_an_output_each() -> None:
    found = ask(["size", "change"], features=["open"])
    assert (found.spec.task, found.spec.loss.type, found.out_features) == (
        "regression", "mean_squared_error", 2
    )  # fmt: skip
    assert found.spec.preprocessing.target == "standardize"
    assert found.spec.metrics == ("rmse", "mae", "r2")
    assert {"size", "change", "open"} <= {*found.spec.needed_columns}


def test_gaussian_has_two_outputs_per_target() -> None:
    assert ask(["size", "change"], features=["open"], loss="gaussian").out_features == 4


def test_targets_are_no_default_features() -> None:
    features = ask(["size", "change"], features=None).spec.features
    assert not {"size", "change"} & {*features}
    assert "count" in features


@pytest.mark.parametrize("task", [None, "classification", "multi_label"])
def test_columns_of_two_values_are_labels(task: str | None) -> None:
    found = ask(["open", "rain", "sold"], features=["gaps"], task=task, table=LABELLED)
    assert (found.spec.task, found.spec.loss.type) == ("multi_label", "binary_cross_entropy")
    assert (found.spec.network.output.activation, found.out_features) == ("sigmoid", 3)
    assert found.spec.metrics == ("accuracy", "subset_accuracy")
    told = ("info", "/task", "numbers_as_classes")
    assert (told in codes(found)) == (task is None)


def test_all_metrics_of_labels() -> None:
    found = ask(["open", "rain"], features=["gaps"], metrics="all", table=LABELLED)
    names = {"accuracy", "subset_accuracy", "precision", "recall", "f1", "roc_auc", "pr_auc"}
    assert {*found.spec.metrics} == {*names, "log_loss"}


def test_whole_numbers_with_two_values_can_be_stated_to_be_numbers() -> None:
    found = ask(["sold", "won"], features=["gaps"], table=LABELLED)
    assert found.spec.task == "multi_label"
    (told,) = [finding for finding in found.findings if finding.code == "numbers_as_classes"]
    assert told.fix == {"patch": [{"op": "add", "path": "/task", "value": "regression"}]}
    again = ask(["sold", "won"], features=["gaps"], task="regression", table=LABELLED)
    assert again.spec.task == "regression"
    assert "numbers_as_classes" not in {finding.code for finding in again.findings}


def test_a_label_among_numbers_is_a_number_and_reported() -> None:
    found = ask(["size", "sold"], features=["gaps"], table=LABELLED)
    assert found.spec.task == "regression"
    assert ("warning", "/target", "labels_as_numbers") in codes(found)
    stated = ask(["size", "sold"], features=["gaps"], task="regression", table=LABELLED)
    assert ("warning", "/target", "labels_as_numbers") not in codes(stated)


@pytest.mark.parametrize(
    ("targets", "options", "pointer", "code"),
    [
        (["size", "nope"], {}, "/target/1", "unknown_column"),
        (["size", "remark"], {}, "/target/1", "text_target"),
        (["size", "change", "size"], {}, "/target/2", "duplicate_target"),
        (["size", "flat"], {}, "/target/1", "constant_target"),
        (["size", "open"], {}, "/target", "mixed_targets"),
        (["size", "color"], {}, "/target", "mixed_targets"),
        (["open", "color"], {}, "/target/1", "not_two_classes"),
        (["open", "only"], {}, "/target/1", "not_two_classes"),
        (["open", "many"], {}, "/target/1", "not_two_classes"),
        (["open", "size"], {"task": "multi_label"}, "/target/1", "not_two_classes"),
        (["open", "stars"], {"task": "classification"}, "/target/1", "not_two_classes"),
        (["size", "open"], {"task": "regression"}, "/target/1", "target_not_numeric"),
        ("open", {"task": "multi_label"}, "/task", "single_label"),
        (["size", "change"], {"loss": "poisson"}, "/target/1", "negative_target"),
        (["size", "change"], {"loss": "cross_entropy"}, "/loss", "loss_and_task"),
        (["open", "rain"], {"loss": "hinge"}, "/loss", "loss_and_task"),
        (["open", "rain"], {"loss": "gaussian"}, "/loss", "loss_and_task"),
        (
            ["open", "rain"],
            {"network": output("softmax")},
            "/network/output/activation",
            "multi_label_output",
        ),
        (
            ["open", "rain"],
            {"network": output("linear")},
            "/network/output/activation",
            "multi_label_output",
        ),
        (
            ["open", "rain"],
            {"network": {"output": {"units": 1}}},
            "/network/output/units",
            "wrong_units",
        ),
        (["open", "rain"], {"class_weight": "balanced"}, "/class_weight", "not_classes"),
        (["size", "change"], {"class_weight": "balanced"}, "/class_weight", "not_classes"),
        (["open", "rain"], {"metrics": ["matthews"]}, "/metrics/0", "metric_and_task"),
        (["size", "change"], {"metrics": ["subset_accuracy"]}, "/metrics/0", "metric_and_task"),
        (["size", "change"], {"features": ["open", "change"]}, "/features/1", "target_as_feature"),
        (["size", "count"], {"sample_weight": "count"}, "/sample_weight", "target_as_weight"),
        (
            ["size", "change"],
            {"validation": {"column": "change"}},
            "/validation/column",
            "target_as_split",
        ),
    ],
)
def test_bad_targets_are_named(
    targets: str | list[str], options: dict[str, Any], pointer: str, code: str
) -> None:
    options = {"features": ["gaps"], **options}
    assert (pointer, code) in problems(targets, table=LABELLED, **options)


def test_every_bad_target_is_reported_at_once() -> None:
    found = problems(["nope", "remark", "size", "size"], features=["gaps"])
    assert {pointer for pointer, _ in found} == {"/target/0", "/target/1", "/target/3"}


def test_missing_targets_are_counted_per_target() -> None:
    found = ask(["size", "gaps"], features=["count"])
    (told,) = [finding for finding in found.findings if finding.code == "missing_target"]
    assert (told.pointer, told.level) == ("/target", "warning")
    assert told.detail == "rows that lack any target are left out: 4 lack 'gaps'"


def test_a_validation_dataset_needs_every_target() -> None:
    other = TableSchema(50, tuple(c for c in TABLE.columns if c.name != "change"))
    request = {
        "target": ["size", "change"],
        "features": ["count"],
        "validation": {"dataset_id": "x"},
    }
    with pytest.raises(SpecError) as raised:
        resolve(TrainingSpec.model_validate(request), TABLE, other)
    (found,) = raised.value.problems
    assert (found.pointer, found.code) == ("/validation/dataset_id", "missing_column")


def test_more_targets_need_more_memory() -> None:
    few = ask(["size", "change"], features=["count"])
    many = ask(["size", "change", "gaps", "stars"], features=["count"])
    assert many.memory.preparing > few.memory.preparing
    assert many.memory.data > few.memory.data


@pytest.mark.parametrize("task", [None, "regression", "multi_label"])
def test_a_mixture_names_the_kind_of_each_target(task: str | None) -> None:
    targets = ["size", "open", "sold", "color"]
    with pytest.raises(SpecError) as raised:
        ask(targets, features=["gaps"], task=task, table=LABELLED)
    detail = raised.value.problems[0].detail
    assert "'size': numbers; 'open', 'sold': labels, two values each; 'color': classes" in detail
    assert "request 'size' with task regression, and 'open', 'sold' with task multi_label" in detail
    assert "each column of classes in a job of its own" in detail
