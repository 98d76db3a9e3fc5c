"""Requests of the task reconstruction: defaults, refusals and findings."""

from typing import Any

import pytest

from engine.resolution.resolve import Resolution
from tests.engine.resolution.requests import DENSE, DROPOUT, EMBEDDING, ask, codes, layers, output
from tests.engine.resolution.requests import problems as problems_of

INPUTS = ["size", "open", "color", "stars"]  # 1 + 1 + 3 + 1 inputs
NUMBERS = ["size", "stars"]


def reconstruct(features: list[str] = INPUTS, **options: Any) -> Resolution:
    return ask(None, task="reconstruction", features=features, **options)


def problems(features: list[str] = INPUTS, **options: Any) -> set[tuple[str, str]]:
    return problems_of(None, task="reconstruction", features=features, **options)


def test_inputs_are_the_outputs() -> None:
    resolution = reconstruct()
    spec = resolution.spec
    assert (resolution.in_features, resolution.out_features) == (6, 6)
    assert (spec.target, spec.preprocessing.target) == (None, "none")
    assert (spec.loss.type, spec.network.output.activation) == ("mean_squared_error", "linear")
    assert spec.metrics == ("rmse", "mae", "r2")
    assert {found.code for found in resolution.findings} == {"values_imputed"}


def test_columns_are_features_by_default() -> None:
    spec = ask(None, task="reconstruction", features=None, sample_weight="count").spec
    assert "size" in spec.features
    assert "count" not in spec.features


@pytest.mark.parametrize(
    ("features", "units"), [(NUMBERS, (64, 1, 64)), (INPUTS, (64, 3, 64)), (["size"], (64, 1, 64))]
)
def test_default_network_has_a_bottleneck_of_half_the_inputs(
    features: list[str], units: tuple[int, ...]
) -> None:
    network = reconstruct(features).spec.network
    assert tuple(layer.units for layer in network.layers if layer.type == "dense") == units


def test_default_network_of_many_inputs_is_bounded() -> None:
    network = reconstruct(["remark"], preprocessing={"hash_buckets": 4000}).spec.network
    assert [layer.units for layer in network.layers if layer.type == "dense"] == [256, 64, 256]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"loss": "quantile"}, ("/loss", "loss_and_task")),
        ({"loss": "gaussian"}, ("/loss", "loss_and_task")),
        ({"loss": "cross_entropy"}, ("/loss", "loss_and_task")),
        ({"network": output("softmax")}, ("/network/output/activation", "output_and_inputs")),
        ({"network": output("sigmoid")}, ("/network/output/activation", "output_and_inputs")),
        ({"network": {"output": {"units": 5}}}, ("/network/output/units", "wrong_units")),
        (layers(EMBEDDING), ("/network/layers/0", "embedding_reconstruction")),
        ({"class_weight": "balanced"}, ("/class_weight", "not_classes")),
        ({"metrics": ["mape"]}, ("/metrics/0", "metric_and_task")),
        ({"metrics": ["accuracy"]}, ("/metrics/0", "metric_and_task")),
        (
            {"preprocessing": {"target": "standardize"}},
            ("/preprocessing/target", "target_of_reconstruction"),
        ),
    ],
)
def test_options_of_other_tasks_are_refused(
    options: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert problems(**options) == {expected}


@pytest.mark.parametrize("target", ["size", ["size", "stars"]])
def test_a_target_is_refused(target: str | list[str]) -> None:
    asked = problems_of(target, task="reconstruction", features=["open"])
    assert asked == {("/target", "target_of_reconstruction")}


def test_without_task_a_target_is_required() -> None:
    assert problems_of(None) == {("/target", "missing")}


@pytest.mark.parametrize("loss", ["half_squared_error", "mean_absolute_error", "huber", "log_cosh"])
def test_losses_of_an_error_are_accepted(loss: str) -> None:
    assert reconstruct(loss=loss).spec.loss.type == loss


def test_sigmoid_outputs_reach_inputs_between_0_and_1() -> None:
    spec = reconstruct(network=output("sigmoid"), preprocessing={"numeric": "min_max"}).spec
    assert (spec.loss.type, spec.network.output.units) == ("mean_squared_error", 6)


NO_BOTTLENECK = ("info", "/network/layers", "no_bottleneck")


@pytest.mark.parametrize(
    ("options", "is_found"),
    [
        (layers({**DENSE, "units": 5}), False),
        (layers({**DENSE, "units": 6}), True),
        (layers(), True),
        (layers({**DENSE, "units": 9}, {**DENSE, "units": 2}), False),
        (layers(DROPOUT, {**DENSE, "units": 9}), False),
        (layers({"type": "residual", "layers": [DROPOUT]}), False),
    ],
)
def test_a_network_that_can_copy_its_inputs_is_found(
    options: dict[str, Any], is_found: bool
) -> None:
    assert (NO_BOTTLENECK in codes(reconstruct(**options))) == is_found


@pytest.mark.parametrize(
    ("options", "fix"),
    [
        (layers(), [{"op": "remove", "path": "/network/layers"}]),
        (
            {**layers({"type": "flatten"}), "input_shape": [3, 2]},
            [
                {"op": "remove", "path": "/network/layers"},
                {"op": "remove", "path": "/input_shape"},
            ],
        ),
    ],
)
def test_fix_of_no_bottleneck_is_the_default_network(
    options: dict[str, Any], fix: list[dict[str, str]]
) -> None:
    (finding,) = [f for f in reconstruct(**options).findings if f.code == "no_bottleneck"]
    assert finding.fix == {"patch": fix}


def test_a_single_input_has_no_bottleneck_and_no_fix() -> None:
    (finding,) = reconstruct(["size"]).findings
    assert (finding.code, finding.fix) == ("no_bottleneck", None)


def test_targets_need_no_memory_of_their_own() -> None:
    spec: dict[str, Any] = {"features": INPUTS, "validation": None}
    data = reconstruct(**spec).memory.data
    assert data == 100 * 6 * 4


def test_rows_with_missing_values_are_kept() -> None:
    resolution = reconstruct(["size", "gaps"], validation=None, batch_size="full")
    assert resolution.memory.needs_all_rows
    assert {f.code for f in resolution.findings} == {"values_imputed"}


def test_image_networks_are_flattened_before_the_output() -> None:
    conv = {"type": "conv2d", "filters": 2, "kernel_size": 2, "padding": "same"}
    found = reconstruct(**layers(conv, {"type": "flatten"}), input_shape=[3, 2, 1])
    assert found.out_features == 6
    assert problems(**layers(conv), input_shape=[3, 2, 1]) == {("/network/output", "wrong_shape")}
