"""Numbers that are refused before the rows are read are those that preparation must refuse."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st

from engine.data.table import Column, MemoryTable, NumericColumn, TableSchema
from engine.errors import DataError, SpecError
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from tests.engine.examples import describe

CODES = {"range_too_small", "range_too_large", "number_too_large", "equal_in_dtype"}
CODES |= {"all_zero", "too_few_rows"}
ROWS = 12
UNITS = (5e-324, 1e-310, 3e-309, 3e-308, 1e-200, 1.0, 3e37, 4e38, 1e39, 1e306, 1e307)


@st.composite
def draw_numbers(draw: st.DrawFn) -> list[float]:
    """Draw multiples of a unit, some of them missing, often with one other number."""
    unit, least = draw(st.sampled_from(UNITS)), draw(st.sampled_from([-17, 0, 1, 5]))
    whole = st.integers(least, draw(st.integers(max(least, 1), 17)))
    numbers = [unit * n for n in draw(st.lists(whole, min_size=ROWS, max_size=ROWS))]
    gaps = draw(st.lists(st.integers(0, ROWS - 1), max_size=draw(st.sampled_from([0, 0, 3, 9]))))
    numbers = [math.nan if row in gaps else number for row, number in enumerate(numbers)]
    if draw(st.booleans()):
        numbers[draw(st.integers(0, ROWS - 1))] = draw(st.sampled_from([0.0, 1e39, -1.7e308]))
    return numbers


SCALINGS = ("standardize", "min_max", "robust", "log1p", "none")
REQUESTS = st.fixed_dictionaries(
    {
        "preprocessing": st.fixed_dictionaries(
            {
                "numeric": st.sampled_from(SCALINGS),
                "target": st.sampled_from(["standardize", "none"]),
                "missing": st.sampled_from(["mean", "most_frequent", "drop_row", "constant"]),
                "fill_value": st.sampled_from([0.0, 1e39, -1e300]),
            }
        ),
        "dtype": st.sampled_from(["float32", "float64"]),
        "validation": st.sampled_from(
            [None, {"fraction": 0.2}, {"fraction": 0.4, "order_by": "x"}, {"folds": 3}]
        ),
        "test": st.sampled_from([None, {"fraction": 0.2}]),
        "sample_weight": st.sampled_from([None, "w"]),
    }
)
WEIGHTS = st.lists(st.sampled_from([0.0, 1.0, 3.0]), min_size=ROWS, max_size=ROWS)


def without_statistics(schema: TableSchema) -> TableSchema:
    """Return the schema of a table with the same columns, of whose numbers nothing is known."""
    unknown: dict[str, Any] = {"minimum": None, "maximum": None, "mean": None, "std": None}
    columns = (replace(column, distinct=ROWS, missing=0, **unknown) for column in schema.columns)
    return replace(schema, columns=tuple(columns))


def find_refusal(spec: TrainingSpec, schema: TableSchema) -> set[str]:
    try:
        resolve(spec, schema)
    except SpecError as error:
        return {problem.code for problem in error.problems}
    return set()


def prepares(spec: ResolvedSpec, columns: dict[str, Column]) -> bool:
    try:
        prepare(spec, MemoryTable(columns))
    except DataError:
        return False
    return True


@given(draw_numbers(), draw_numbers(), WEIGHTS, REQUESTS)
def test_what_is_refused_cannot_be_prepared(
    x: list[float], y: list[float], weights: list[float], options: dict[str, Any]
) -> None:
    columns: dict[str, Column] = {
        "x": NumericColumn(np.array(x)),
        "z": NumericColumn(np.arange(ROWS, dtype=float)),
        "y": NumericColumn(np.array(y)),
        "w": NumericColumn(np.array(weights)),
    }
    fields = {"target": "y", "task": "regression", "features": ["x", "z"], "epochs": 1, **options}
    spec = TrainingSpec.model_validate(fields)
    schema = describe(columns)
    refused = find_refusal(spec, schema) & CODES
    for code in sorted(refused):
        event(code)
    if refused:
        assert not prepares(resolve(spec, without_statistics(schema)).spec, columns), refused
