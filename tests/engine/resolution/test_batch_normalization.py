"""Batch normalization and batches of one row, before any row is read."""

from typing import Any

import pytest

from engine.data.batches import count_steps, largest_batch
from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.optimization import resolve_epochs
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from tests.engine.resolution.requests import DENSE, ask, codes, layers, problems

NORMALIZATION = {"type": "batch_normalization"}
RESIDUAL = {"type": "residual", "layers": [DENSE, NORMALIZATION]}


@pytest.mark.parametrize("layer", [NORMALIZATION, {"type": "residual", "layers": [NORMALIZATION]}])
def test_batches_of_one_row_are_refused(layer: dict[str, Any]) -> None:
    found = problems(**layers(DENSE, layer), batch_size=1)
    assert found == {("/batch_size", "batch_normalization_batch_size")}


@pytest.mark.parametrize("layer", [DENSE, NORMALIZATION | {"frozen": True}])
def test_networks_without_statistics_of_the_batch_may_have_batches_of_one_row(
    layer: dict[str, Any],
) -> None:
    assert codes(ask(**layers(layer), batch_size=1)) == set()


@pytest.mark.parametrize(
    ("rows", "validation"),
    [
        (2, {"fraction": 0.5}),
        (2, {"column": "split", "values": [1]}),
        (2, {"folds": 2}),
        (3, {"folds": 2}),
    ],
)
@pytest.mark.parametrize("batch_size", [32, "full"])
def test_a_single_training_row_is_refused(
    rows: int, validation: dict[str, Any], batch_size: object
) -> None:
    columns = [ColumnSchema(name, "numeric", 0, rows) for name in ("x", "y", "split")]
    table = TableSchema(rows, tuple(columns))
    options = {"target": "y", "features": ["x"], "validation": validation, "task": "regression"}
    spec = TrainingSpec.model_validate(options | layers(NORMALIZATION) | {"batch_size": batch_size})
    with pytest.raises(SpecError) as raised:
        resolve(spec, table)
    found = {(problem.pointer, problem.code) for problem in raised.value.problems}
    assert found == {("/batch_size", "batch_normalization_single_row")}


@pytest.mark.parametrize(
    ("rows", "batch_size", "plain", "joined"),
    [(33, 32, 2, 1), (65, 32, 3, 2), (64, 32, 2, 2), (66, 32, 3, 3), (33, "full", 1, 1)],
)
def test_steps_per_epoch_count_a_joined_row(
    rows: int, batch_size: object, plain: int, joined: int
) -> None:
    plain_spec, normalized = (
        TrainingSpec.model_validate({"target": "y", "batch_size": batch_size} | layers(layer))
        for layer in (DENSE, RESIDUAL)
    )
    assert (count_steps(plain_spec, rows), count_steps(normalized, rows)) == (plain, joined)


def test_default_epochs_follow_the_steps() -> None:
    plain, normalized = (
        TrainingSpec.model_validate({"target": "y"} | layers(layer)) for layer in (DENSE, RESIDUAL)
    )
    rows = 40 * 32 + 1
    assert (resolve_epochs(plain, rows), resolve_epochs(normalized, rows)) == (49, 50)


@pytest.mark.parametrize(("rows", "largest"), [(1000, 33), (33, 33), (32, 32), (10, 10)])
def test_the_largest_batch_has_a_row_more(rows: int, largest: int) -> None:
    """The number of rows is an upper bound: any may leave one row."""
    spec = ask(**layers(NORMALIZATION)).spec
    assert largest_batch(spec, rows, 0, 1024, None) == largest
