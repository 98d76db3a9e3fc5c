"""The warning of products that a cancel or a pause waits for."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec

WIDE = {"type": "dense", "units": 1024}
WIDEST = {"type": "dense", "units": 10_000}
NORMALIZATION = {"type": "batch_normalization"}


def warnings(layers: list[dict[str, Any]], rows: int = 60_000, **options: Any) -> dict[str, str]:
    columns = [ColumnSchema(f"x{i}", "numeric", 0, None) for i in range(30)]
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
