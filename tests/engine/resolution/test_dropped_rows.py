"""Rows that drop_row leaves out count as the rows without a target do."""

from dataclasses import asdict
from typing import Any

import pytest

from engine.data.table import Column, ColumnSchema, MemoryTable, TableSchema
from engine.errors import SpecError
from engine.preparation.prepare import prepare
from engine.resolution.resolve import Resolution, resolve
from engine.specs import TrainingSpec
from tests.engine.examples import describe, levels, numbers

DROPS = {"preprocessing": {"missing": "drop_row"}}


def over(missing: int, rows: int = 100, other: TableSchema | None = None, **own: Any) -> Resolution:
    """Resolve for a table in which that many values of `x` are missing."""
    spec = TrainingSpec.model_validate({"target": "y", **DROPS, **own})
    return resolve(spec, table(missing, rows), other)


def table(missing: int, rows: int) -> TableSchema:
    return TableSchema(
        rows,
        (
            ColumnSchema("x", "numeric", missing, rows - missing),
            ColumnSchema("y", "numeric", 0, rows),
        ),
    )


def test_parts_are_counted_without_dropped_rows() -> None:
    found = over(60)
    expected = {"training": 32, "validation": 8, "test": 0, "total": 40, "unknown": frozenset()}
    assert asdict(found.rows) | expected == asdict(found.rows)
    assert "few_rows" in {finding.code for finding in found.findings}
    assert "few_rows" not in {finding.code for finding in over(10).findings}


def test_a_batch_of_all_rows_that_remain_is_reported() -> None:
    assert "batch_is_everything" in {f.code for f in over(60, batch_size=33).findings}
    assert "batch_is_everything" not in {f.code for f in over(60, batch_size=32).findings}


@pytest.mark.parametrize("missing", [99, 100])
def test_too_few_remaining_rows_are_refused(missing: int) -> None:
    with pytest.raises(SpecError) as raised:
        over(missing, features=["x"])
    pointers = {problem.pointer for problem in raised.value.problems}
    assert pointers == {"/preprocessing/missing"} or "/features" in pointers
    assert over(98, validation=None).rows.training == 2


def test_a_validation_dataset_of_dropped_rows_only_is_refused() -> None:
    dataset: dict[str, Any] = {"validation": {"dataset_id": "ds_2"}}
    with pytest.raises(SpecError, match="lacks a value in a column with drop_row") as raised:
        over(0, other=table(9, 9), **dataset)
    (problem,) = raised.value.problems
    assert (problem.pointer, problem.code) == ("/validation/dataset_id", "too_few_rows")
    assert over(0, other=table(8, 9), **dataset).rows.validation == 1


def test_a_class_may_be_dropped_with_its_rows() -> None:
    columns: dict[str, Column] = {
        "x": numbers(*range(10), None, None),
        "y": levels(*"aabcdefghh", "k", "l"),
    }
    spec = TrainingSpec.model_validate({"target": "y", "features": ["x"], **DROPS})
    found = resolve(spec, describe(columns))
    prepared = prepare(found.spec, MemoryTable(columns))
    assert prepared.x_validation is not None
    assert 1 <= len(prepared.x_validation) <= found.rows.validation
