"""Columns with missing values in the training rows, as stored with the preprocessing."""

from dataclasses import replace
from typing import Any

import pytest

from engine.data.table import Column, MemoryTable
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from tests.engine.examples import describe, draw, levels, numbers, truths

ROWS = 40
GAP = 7  # a training row, as the last rows are held out


def table(gap: int) -> dict[str, Column]:
    """Return columns of every kind, some of them without a value in one row."""
    at = range(ROWS)
    return {
        "whole": numbers(*(float(n % 9) for n in at)),
        "number": numbers(*(None if n == gap else float(n % 11) for n in at)),
        "truth": truths(*(None if n == gap else n % 2 == 0 for n in at)),
        "level": levels(*(None if n == gap else "ab"[n % 2] for n in at)),
        "text": levels(*(None if n == gap else f"word {n}" for n in at)),
        "order": numbers(*map(float, at)),
        "weight": numbers(*(float(n != gap) for n in at)),
        "y": numbers(*draw(ROWS).tolist()),
    }


def find(gap: int, **options: Any) -> tuple[str, ...] | None:
    request: dict[str, Any] = {
        "target": "y",
        "features": ["text", "number", "whole", "truth", "level"],
        "preprocessing": {"hash_buckets": 4},
        "validation": {"fraction": 0.25, "order_by": "order"},
    }
    columns = table(gap)
    spec = resolve(TrainingSpec.model_validate(request | options), describe(columns)).spec
    return prepare(spec, MemoryTable(columns, chunk_rows=6)).preprocessing.incomplete


def test_columns_with_a_gap_in_a_training_row_are_incomplete() -> None:
    assert find(GAP) == ("text", "number", "truth", "level")


@pytest.mark.parametrize(
    ("gap", "options"),
    [
        (ROWS - 1, {}),
        (GAP, {"sample_weight": "weight"}),
        (GAP, {"preprocessing": {"hash_buckets": 4, "missing": "drop_row"}}),
    ],
)
def test_a_gap_in_another_row_counts_for_nothing(gap: int, options: dict[str, Any]) -> None:
    assert find(gap, **options) == ()


@pytest.mark.parametrize("known", [("whole",), None])
def test_a_continued_training_keeps_those_of_its_model(known: tuple[str, ...] | None) -> None:
    columns = table(GAP)
    request = TrainingSpec(target="y", features=("number", "whole"))
    spec = resolve(request, describe(columns)).spec
    fitted = replace(prepare(spec, MemoryTable(columns)).preprocessing, incomplete=known)
    assert prepare(spec, MemoryTable(columns), fitted).preprocessing.incomplete == known
