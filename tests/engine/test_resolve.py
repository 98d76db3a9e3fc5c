from typing import Any

import pytest

from engine.errors import SpecError
from engine.resolve import Resolution, resolve
from engine.specs import ResolvedSpec, TrainingSpec, dump
from engine.tables import ColumnSchema, TableSchema

TABLE = TableSchema(
    100,
    (
        ColumnSchema("size", "numeric", 0, 80),
        ColumnSchema("open", "boolean", 0, 2),
        ColumnSchema("color", "categorical", 5, 3),
        ColumnSchema("remark", "text", 0, None),
        ColumnSchema("stars", "numeric", 0, 5, integral=True),
        ColumnSchema("count", "numeric", 0, 60, integral=True),
        ColumnSchema("flat", "numeric", 0, 1),
        ColumnSchema("only", "categorical", 0, 1),
        ColumnSchema("many", "categorical", 0, 2000),
        ColumnSchema("rare", "categorical", 98, 2),
        ColumnSchema("empty", "numeric", 100, 0),
    ),
)


def ask(target: str = "size", **options: Any) -> Resolution:
    options.setdefault("features", ["size" if target != "size" else "count"])
    return resolve(TrainingSpec.model_validate({"target": target, **options}), TABLE)


def problems(target: str = "size", **options: Any) -> set[tuple[str, str]]:
    with pytest.raises(SpecError) as raised:
        ask(target, **options)
    return {(problem.pointer, problem.code) for problem in raised.value.problems}


def codes(resolution: Resolution) -> set[tuple[str, str, str]]:
    return {(f.level, f.pointer, f.code) for f in resolution.findings}


@pytest.mark.parametrize(
    ("target", "task", "activation", "units", "loss"),
    [
        ("open", "classification", "sigmoid", 1, "binary_cross_entropy"),
        ("color", "classification", "softmax", 3, "cross_entropy"),
        ("stars", "classification", "softmax", 5, "cross_entropy"),
        ("count", "regression", "linear", 1, "mean_squared_error"),
        ("size", "regression", "linear", 1, "mean_squared_error"),
    ],
)
def test_defaults_follow_from_the_target(
    target: str, task: str, activation: str, units: int, loss: str
) -> None:
    spec = ask(target).spec
    assert (spec.task, spec.loss.type) == (task, loss)
    assert (spec.network.output.activation, spec.network.output.units) == (activation, units)


def test_resolved_spec_survives_json_and_resolves_to_itself() -> None:
    spec = ask("color", optimizer="sgd").spec
    assert ResolvedSpec.model_validate(dump(spec)) == spec


def test_default_initializers_follow_the_activation() -> None:
    layers = [{"units": 3}, {"units": 3, "activation": "tanh"}]
    network = ask(network={"layers": layers}).spec.network
    assert [layer.initializer.type for layer in network.layers] == ["he_normal", "glorot_uniform"]
    assert network.output.initializer.type == "glorot_uniform"


def test_default_features_are_all_others_but_text() -> None:
    resolution = ask("size", features=None)
    assert "remark" not in resolution.spec.features
    assert "size" not in resolution.spec.features
    assert ("info", "/features", "text_left_out") in codes(resolution)
    assert ("info", "/features", "constant_feature") in codes(resolution)


def test_inputs_count_a_category_once_a_level() -> None:
    resolution = ask(features=["color", "open", "count"])
    assert resolution.in_features == 3 + 1 + 1
    assert resolution.out_features == 1
    assert resolution.parameter_count == 5 * 64 + 64 + 64 + 1


def test_whole_numbers_taken_as_classes_are_told_of() -> None:
    assert ("info", "/task", "numbers_as_classes") in codes(ask("stars"))
    assert codes(ask("stars", task="classification")) == set()
    assert ask("stars", task="regression").spec.task == "regression"


def test_missing_targets_are_told_of() -> None:
    assert ("warning", "/target", "missing_target") in codes(ask("color"))


def test_batch_larger_than_the_data_is_told_of() -> None:
    assert ("info", "/batch_size", "batch_is_everything") in codes(ask(batch_size=81))
    assert codes(ask(batch_size=80)) == set()
    assert codes(ask(batch_size="full")) == set()


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("nowhere", {}, ("/target", "unknown_column")),
        ("remark", {}, ("/target", "text_target")),
        ("only", {}, ("/target", "one_class")),
        ("many", {}, ("/target", "too_many_classes")),
        ("flat", {"task": "regression"}, ("/target", "constant_target")),
        ("empty", {}, ("/target", "too_few_rows")),
        ("size", {"task": "classification"}, ("/task", "target_not_classes")),
        ("color", {"task": "regression"}, ("/task", "target_not_numeric")),
        ("rare", {}, ("/validation", "too_few_rows")),
        ("size", {"features": ["count", "nowhere"]}, ("/features/1", "unknown_column")),
        ("size", {"features": ["size"]}, ("/features/0", "target_as_feature")),
        ("size", {"features": ["count", "count"]}, ("/features/1", "duplicate_feature")),
        ("size", {"features": ["remark"]}, ("/features/0", "text_feature")),
        ("color",
         {"loss": "binary_cross_entropy", "network": {"output": {"activation": "softmax"}}},
         ("/loss", "loss_and_output")),
        ("open", {"loss": "cross_entropy", "network": {"output": {"activation": "sigmoid"}}},
         ("/loss", "loss_and_output")),
        ("size", {"loss": "cross_entropy"}, ("/loss", "loss_and_output")),
        ("size", {"network": {"output": {"activation": "softmax"}}},
         ("/network/output/activation", "softmax_regression")),
        ("size", {"network": {"output": {"activation": "sigmoid"}}},
         ("/network/output/activation", "sigmoid_scaled_target")),
        ("size", {"loss": "binary_cross_entropy", "preprocessing": {"target": "none"},
                  "network": {"output": {"activation": "sigmoid"}}}, ("/loss", "loss_and_task")),
        ("size", {"early_stopping": {}, "validation": None},
         ("/early_stopping/metric", "no_validation")),
    ],
)  # fmt: skip
def test_what_cannot_work_is_refused(
    target: str, options: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert expected in problems(target, **options)


def test_all_problems_are_told_at_once() -> None:
    found = problems("nowhere", features=["remark", "gone"], early_stopping={}, validation=None)
    assert found == {
        ("/target", "unknown_column"),
        ("/features/0", "text_feature"),
        ("/features/1", "unknown_column"),
        ("/early_stopping/metric", "no_validation"),
    }


def test_a_table_without_any_feature_is_refused() -> None:
    table = TableSchema(100, (TABLE.columns[0], TABLE.columns[3]))
    with pytest.raises(SpecError, match="no column besides the target"):
        resolve(TrainingSpec(target="size"), table)


def test_too_many_inputs_are_refused() -> None:
    table = TableSchema(99_999, (TABLE.columns[0], ColumnSchema("id", "categorical", 0, 70_000)))
    with pytest.raises(SpecError, match="70000 inputs"):
        resolve(TrainingSpec(target="size"), table)


@pytest.mark.parametrize(
    ("loss", "activation", "units"),
    [
        ("cross_entropy", "softmax", 2),
        ("binary_cross_entropy", "sigmoid", 1),
        ("half_squared_error", "sigmoid", 1),
    ],
)
def test_output_follows_the_loss_for_two_classes(loss: str, activation: str, units: int) -> None:
    output = ask("open", loss=loss).spec.network.output
    assert (output.activation, output.units) == (activation, units)


def test_linear_outputs_for_classes_are_one_a_class() -> None:
    spec = ask("open", network={"output": {"activation": "linear"}}).spec
    assert (spec.network.output.units, spec.loss.type) == (2, "mean_squared_error")
    spec = ask("color", loss="binary_cross_entropy").spec
    assert (spec.network.output.units, spec.network.output.activation) == (3, "sigmoid")


def test_sigmoid_for_an_unscaled_number_is_allowed() -> None:
    output = {"output": {"activation": "sigmoid"}}
    spec = ask("size", network=output, preprocessing={"target": "none"}).spec
    assert spec.loss.type == "mean_squared_error"
