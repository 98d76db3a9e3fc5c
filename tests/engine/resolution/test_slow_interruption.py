"""The warning of products that a cancel or a pause waits for."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec

WIDE = {"type": "dense", "units": 1024}
WIDEST = {"type": "dense", "units": 10_000}
NORMALIZATION = {"type": "batch_normalization"}


CONVOLUTION = {"type": "conv2d", "filters": 32, "padding": "same"}


def warnings(
    layers: list[dict[str, Any]], rows: int = 60_000, inputs: int = 30, **options: Any
) -> dict[str, str]:
    columns = [ColumnSchema(f"x{i}", "numeric", 0, None) for i in range(inputs)]
    columns.append(ColumnSchema("y", "numeric", 0, None))
    asked = {"target": "y", "task": "regression", "network": {"layers": layers}, **options}
    spec = TrainingSpec.model_validate(asked)
    found = resolve(spec, TableSchema(rows, tuple(columns))).findings
    return {one.pointer: one.detail for one in found if one.code == "slow_interruption"}


@pytest.mark.parametrize(
    ("layers", "options"),
    [
        ([WIDE] * 4, {"batch_size": "full"}),
        ([WIDE, NORMALIZATION, WIDE], {"batch_size": 1024}),
    ],
    ids=["wide", "normalized batches"],
)
def test_what_ends_within_a_second_is_not_warned_of(
    layers: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    assert warnings(layers, **options) == {}


def test_a_whole_batch_that_is_normalized_is() -> None:
    found = warnings([WIDE, NORMALIZATION, WIDE], batch_size="full")
    assert list(found) == ["/batch_size"]
    assert "layer_normalization" in found["/batch_size"]


@pytest.mark.parametrize(
    ("layers", "options"),
    [
        # Measured: products of 0.43 s, after up to half a second until the request is seen.
        ([WIDE, NORMALIZATION, WIDE], {"batch_size": 8192}),
        # Measured: 0.79 s, most of it not in products, and 2.3 s in the first step.
        (
            [CONVOLUTION, NORMALIZATION, CONVOLUTION, {"type": "flatten"}],
            {"batch_size": 1000, "inputs": 784, "input_shape": [28, 28, 1]},
        ),
    ],
    ids=["dense", "convolution"],
)
def test_a_normalized_batch_that_takes_most_of_a_second_is(
    layers: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    assert list(warnings(layers, **options)) == ["/batch_size"]


def test_the_estimate_has_the_time_until_the_request_is_seen() -> None:
    """Products of 8,192 rows: 0.69 s at 25 × 10⁹ multiplications per second; 0.17 s to store."""
    found = warnings([WIDE, NORMALIZATION, WIDE], batch_size=8192, optimizer="adam")
    assert "about 1.4 s instead of one" in found["/batch_size"]


@pytest.mark.parametrize(
    ("layers", "options"),
    [
        ([WIDE] * 2, {"batch_size": "full", "optimizer": "lbfgs"}),
        ([{**WIDE, "units": 5000, "initializer": "orthogonal"}] * 2, {}),
    ],
    ids=["lbfgs", "orthogonal"],
)
def test_a_checkpoint_of_a_hundred_megabytes_is(
    layers: list[dict[str, Any]], options: dict[str, Any]
) -> None:
    found = warnings(layers, **options)
    assert "to store weights and optimizer" in found["/network/layers"]


def test_a_layer_of_a_hundred_million_weights_is() -> None:
    found = warnings([WIDEST, WIDEST], batch_size=128, optimizer="sgd", dtype="float32")
    assert list(found) == ["/network/layers"]
    assert "may take about" in found["/network/layers"]
