from dataclasses import replace
from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import resolve
from engine.specs import (
    DenseSpec,
    EmbeddingSpec,
    EmbeddingTable,
    GlorotUniform,
    HeNormal,
    LecunNormal,
    Normal,
    ResolvedSpec,
    TrainingSpec,
    dump,
)
from tests.engine.resolution.requests import (
    DENSE,
    DROPOUT,
    EMBEDDING,
    TABLE,
    ask,
    codes,
    layers,
    output,
    problems,
)

FULL_LBFGS: dict[str, Any] = {"optimizer": "lbfgs", "batch_size": "full"}


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
    layers = [DENSE | {"activation": name} for name in ("relu", "tanh", "selu")]
    network = ask(network={"layers": layers}).spec.network
    kinds = [layer.initializer for layer in network.layers if isinstance(layer, DenseSpec)]
    assert kinds == [HeNormal(), GlorotUniform(), LecunNormal()]
    assert network.output.initializer == GlorotUniform()


def test_default_features_are_all_other_columns_but_text() -> None:
    resolution = ask("size", features=None)
    assert "remark" not in resolution.spec.features
    assert "size" not in resolution.spec.features
    assert ("info", "/features", "text_left_out") in codes(resolution)
    assert ("info", "/features", "constant_feature") in codes(resolution)


def test_one_hot_has_one_input_per_level() -> None:
    resolution = ask(features=["color", "open", "count"])
    assert resolution.in_features == 3 + 1 + 1
    assert resolution.out_features == 1
    assert resolution.parameter_count == 5 * 64 + 64 + 64 + 1


def test_whole_numbers_treated_as_classes_are_reported() -> None:
    assert ("info", "/task", "numbers_as_classes") in codes(ask("stars"))
    assert codes(ask("stars", task="classification")) == set()
    assert ask("stars", task="regression").spec.task == "regression"


def test_missing_targets_are_reported() -> None:
    assert ("warning", "/target", "missing_target") in codes(ask("color"))


def test_batch_larger_than_the_data_is_reported() -> None:
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
        ("size", {"network": output("softmax")},
         ("/network/output/activation", "softmax_regression")),
        ("size", {"network": output("sigmoid"), "preprocessing": {"target": "standardize"}},
         ("/preprocessing/target", "scaled_target")),
        ("size", {"network": {"output": {"units": 2}}},
         ("/network/output/units", "wrong_units")),
        ("change", {"loss": "poisson"}, ("/target", "negative_target")),
        ("size", {"early_stopping": {}, "validation": None},
         ("/early_stopping/metric", "no_validation")),
        ("size", {"early_stopping": {"patience": None}}, ("/early_stopping", "never_stops")),
        ("size", {"early_stopping": {"metric": "accuracy"}},
         ("/early_stopping/metric", "unknown_metric")),
        ("color", {"metrics": ["f1_per_class"], "early_stopping": {"metric": "f1_per_class"}},
         ("/early_stopping/metric", "unknown_metric")),
        ("size", {"schedule": {"type": "reduce_on_plateau", "metric": "mse"}},
         ("/schedule/metric", "unknown_metric")),
        ("size", {"schedule": {"type": "cosine", "warmup_epochs": 60.0}},
         ("/schedule/warmup_epochs", "long_warmup")),
        ("size", {"schedule": {"type": "cosine", "warmup_epochs": 3.0}, "epochs": 3},
         ("/schedule/warmup_epochs", "long_warmup")),
        ("nowhere", {"schedule": {"type": "cosine", "warmup_epochs": 3.0}, "epochs": 3},
         ("/schedule/warmup_epochs", "long_warmup")),
        ("size", {"optimizer": "lbfgs"}, ("/optimizer", "lbfgs_batch_size")),
        ("size", {"optimizer": "lbfgs", "batch_size": "full", **layers(DENSE, DROPOUT)},
         ("/optimizer", "lbfgs_dropout")),
        ("size", {"optimizer": "lbfgs", "batch_size": "full",
                  **layers({"type": "residual", "layers": [DROPOUT]})},
         ("/optimizer", "lbfgs_dropout")),
        ("size", FULL_LBFGS | {"gradient_clip": {"type": "norm", "limit": 1.0}},
         ("/gradient_clip", "lbfgs_clip")),
        ("size", FULL_LBFGS | layers(DENSE, {"type": "batch_normalization"}),
         ("/network/layers/1", "lbfgs_batch_normalization")),
        ("size", FULL_LBFGS | layers({"type": "residual", "layers": [
            {"type": "layer_normalization"}, {"type": "batch_normalization"}]}),
         ("/network/layers/0/layers/1", "lbfgs_batch_normalization")),
        ("size", FULL_LBFGS | layers(DENSE | {"max_norm": 2.0}),
         ("/network/layers/0/max_norm", "lbfgs_max_norm")),
        ("size", FULL_LBFGS | {"network": {"output": {"max_norm": 2.0}}},
         ("/network/output/max_norm", "lbfgs_max_norm")),
        ("size", {"metrics": ["rmse", "f1"]}, ("/metrics/1", "metric_and_task")),
        ("color", {"metrics": ["top_3_accuracy"]}, ("/metrics/0", "metric_and_classes")),
        ("size", {"class_weight": "balanced"}, ("/class_weight", "not_classes")),
        ("open", {"class_weight": {"true": 0.0, "false": 0.0}}, ("/class_weight", "all_zero")),
        ("size", {"sample_weight": "nowhere"}, ("/sample_weight", "unknown_column")),
        ("size", {"sample_weight": "size"}, ("/sample_weight", "target_as_weight")),
        ("size", {"sample_weight": "color"}, ("/sample_weight", "weight_not_numeric")),
        ("size", {"sample_weight": "gaps"}, ("/sample_weight", "missing_weight")),
        ("size", {"sample_weight": "change"}, ("/sample_weight", "negative_weight")),
        ("size", {"sample_weight": "count"}, ("/features/0", "weight_as_feature")),
        ("size", {"features": ["empty_text"]}, ("/features", "no_inputs")),
        ("size", {"preprocessing": {"categorical": "embedding"}},
         ("/preprocessing/categorical", "categorical_and_layer")),
        ("size", {"preprocessing": {"categorical": "one_hot"}, **layers(EMBEDDING)},
         ("/preprocessing/categorical", "categorical_and_layer")),
        ("size", layers(EMBEDDING), ("/network/layers/0", "nothing_to_embed")),
        ("size", layers(DENSE, EMBEDDING), ("/network/layers/1", "embedding_not_first")),
        ("size", layers({"type": "residual", "layers": [EMBEDDING]}),
         ("/network/layers/0/layers/0", "embedding_not_first")),
        ("size", {"features": ["color"],
                  **layers(EMBEDDING | {"tables": [{"position": 0, "codes": 9}]})},
         ("/network/layers/0/tables", "other_tables")),
        ("size", layers({"type": "max_pooling2d"}), ("/network/layers/0", "wrong_shape")),
    ],
)  # fmt: skip
def test_invalid_spec_is_refused(
    target: str, options: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert expected in problems(target, **options)


def test_all_problems_are_reported_at_once() -> None:
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
    ids = tuple(ColumnSchema(f"id{n}", "categorical", 0, 70_000) for n in range(70))
    table = TableSchema(99_999, (TABLE.columns[0], *ids))
    assert resolve(TrainingSpec(target="size"), table).in_features == 7000
    many = {"target": "size", "preprocessing": {"max_levels": 1000}}
    with pytest.raises(SpecError, match="70000 inputs"):
        resolve(TrainingSpec.model_validate(many), table)
    with pytest.raises(SpecError, match="70000 inputs"):
        resolve(
            TrainingSpec.model_validate(
                many
                | layers(EMBEDDING)
                | {
                    "preprocessing": {
                        "max_levels": 1000,
                        "columns": {c.name: {"categorical": "one_hot"} for c in ids},
                    }
                }
            ),
            table,
        )


def test_a_warm_up_may_last_as_long_as_the_epochs_that_the_table_gets() -> None:
    for epochs in (19.9, 20.0, 59.9):
        schedule = {"type": "cosine", "warmup_epochs": epochs}
        assert ask(schedule=schedule).spec.epochs == 60
    large = replace(TABLE, rows=100_000)
    short, long = (
        TrainingSpec.model_validate(
            {"target": "size", "schedule": {"type": "cosine", "warmup_epochs": epochs}}
        )
        for epochs in (19.9, 20.0)
    )
    assert resolve(short, large).spec.epochs == 20
    with pytest.raises(SpecError, match="less than the number of epochs, 20"):
        resolve(long, large)


def test_lbfgs_takes_layers_that_are_frozen() -> None:
    frozen = [{"type": "batch_normalization", "frozen": True}, DENSE | {"max_norm": 2.0}]
    frozen[1]["frozen"] = True
    assert ask(**FULL_LBFGS, **layers(*frozen)).spec.optimizer.type == "lbfgs"


def test_lbfgs_takes_full_batches_without_dropout() -> None:
    spec = ask(optimizer="lbfgs", batch_size="full", **layers(DENSE)).spec
    assert spec.optimizer.type == "lbfgs"


def test_sample_weight_is_not_a_feature() -> None:
    spec = ask("size", features=None, sample_weight="count").spec
    assert "count" not in spec.features
    assert spec.needed_columns == (*spec.features, "size", "count")


def test_wrong_shapes_are_reported_with_other_problems() -> None:
    found = problems(epochs=1, loss="hinge", **layers({"type": "reshape", "shape": [7]}))
    assert found >= {("/loss", "loss_and_task")}
    assert any(pointer == "/network/layers/0" for pointer, _ in found)


def test_embedding_has_a_table_for_each_category() -> None:
    resolution = ask(features=["count", "color", "open", "only"], **layers(EMBEDDING))
    (embedding,) = resolution.spec.network.layers
    assert isinstance(embedding, EmbeddingSpec)
    assert embedding.tables == (
        EmbeddingTable(position=1, codes=4),
        EmbeddingTable(position=3, codes=2),
    )
    assert embedding.initializer == Normal(std=0.05)
    assert resolution.spec.preprocessing.categorical == "embedding"
    assert resolution.in_features == 4


def test_resolved_embedding_can_be_asked_for_again() -> None:
    spec = ask(features=["color"], **layers(EMBEDDING)).spec
    again = TrainingSpec.model_validate(dump(spec) | {"network": dump(spec.network)})
    assert resolve(again, TABLE).spec == spec
