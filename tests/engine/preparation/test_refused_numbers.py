"""Numbers that are refused before the rows are read are those that preparation must refuse."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
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


def table(**columns: list[float]) -> dict[str, Column]:
    return {name: NumericColumn(np.array(values)) for name, values in columns.items()}


RAMP = [float(row) for row in range(ROWS)]
LARGEST = 1.79e308
FAR_APART = [-1e308, LARGEST, -1e308, 0.0, -1e308] + [0.0] * 7
PLAIN = {"numeric": "none", "target": "none"}


@pytest.mark.parametrize(
    ("numbers", "options", "found"),
    [
        ({"y": [1e-310 * n for n in RAMP]}, {}, ("/target", "range_too_small")),
        ({"x": [1e-310 * n for n in RAMP]}, {}, ("/features/0", "range_too_small")),
        ({"y": FAR_APART}, {}, ("/target", "range_too_large")),
        ({"x": FAR_APART}, {}, ("/features/0", "range_too_large")),
        (
            {"x": [-LARGEST, LARGEST, *RAMP[2:]]},
            {"preprocessing": {"numeric": "min_max"}},
            ("/features/0", "range_too_large"),
        ),
        ({"y": [*RAMP[1:], 1e39]}, {"preprocessing": PLAIN}, ("/target", "number_too_large")),
        (
            {"y": [*RAMP[1:], -1e39]},
            {"preprocessing": PLAIN, "validation": {"fraction": 0.2}},
            ("/target", "number_too_large"),
        ),
        (
            {"y": [1e39 + 1e38 * n for n in RAMP]},
            {"preprocessing": PLAIN},
            ("/target", "number_too_large"),
        ),
        ({"x": [*RAMP[1:], 1e39]}, {"preprocessing": PLAIN}, ("/features/0", "number_too_large")),
        (
            {"x": [1e39 + 1e38 * n for n in RAMP]},
            {"preprocessing": PLAIN, "validation": {"fraction": 0.2}},
            ("/features/0", "number_too_large"),
        ),
        (
            {"x": [*RAMP[1:], math.nan]},
            {"preprocessing": PLAIN | {"missing": "constant", "fill_value": 1e39}},
            ("/preprocessing/fill_value", "number_too_large"),
        ),
        (
            {"y": [1 + 1e-12 * n for n in RAMP]},
            {"preprocessing": PLAIN},
            ("/target", "equal_in_dtype"),
        ),
        ({"w": [0.0] * ROWS}, {"sample_weight": "w"}, ("/sample_weight", "all_zero")),
        (
            {"x": [1.0] + [math.nan] * 11},
            {"preprocessing": {"missing": "drop_row"}},
            ("/preprocessing/missing", "too_few_rows"),
        ),
        (
            {"x": [1.0] + [math.nan] * 11},
            {"preprocessing": {"columns": {"x": {"missing": "drop_row"}}}},
            ("/preprocessing/columns/x/missing", "too_few_rows"),
        ),
    ],
)
def test_what_must_fail_is_refused(
    numbers: dict[str, list[float]], options: dict[str, Any], found: tuple[str, str]
) -> None:
    columns = table(**{"x": RAMP, "z": RAMP, "y": RAMP, "w": RAMP} | numbers)
    fields = {"target": "y", "task": "regression", "features": ["x", "z"], "validation": None}
    spec = TrainingSpec.model_validate(fields | options)
    schema = describe(columns)
    with pytest.raises(SpecError) as raised:
        resolve(spec, schema)
    assert [(problem.pointer, problem.code) for problem in raised.value.problems] == [found]
    assert not prepares(resolve(spec, without_statistics(schema)).spec, columns)


@pytest.mark.parametrize(
    ("numbers", "options"),
    [
        # A held-out number is clipped at the training rows' range.
        ({"x": [*RAMP[1:], 1e39]}, {"preprocessing": PLAIN, "validation": {"fraction": 0.2}}),
        # The mean of symmetric numbers is 0, and no deviation from it overflows.
        ({"x": [-LARGEST, LARGEST] * 6}, {}),
        # The training rows may all have the same number.
        ({"x": [0.0] * 11 + [1e-310]}, {"validation": {"fraction": 0.2}}),
        ({"x": [3.40282356e38, *RAMP[1:]]}, {"preprocessing": PLAIN}),
    ],
)
def test_what_may_train_is_not_refused(
    numbers: dict[str, list[float]], options: dict[str, Any]
) -> None:
    columns = table(**{"x": RAMP, "z": RAMP, "y": RAMP} | numbers)
    fields = {"target": "y", "task": "regression", "features": ["x", "z"], "validation": None}
    spec = TrainingSpec.model_validate(fields | options)
    found = resolve(spec, describe(columns)).spec
    assert any(prepares(found.model_copy(update={"seed": seed}), columns) for seed in range(20))


# More examples have been run; each resolves and prepares a job.
@settings(max_examples=30)
@given(draw_numbers(), draw_numbers(), WEIGHTS, REQUESTS)
def test_what_is_refused_cannot_be_prepared(
    x: list[float], y: list[float], weights: list[float], options: dict[str, Any]
) -> None:
    columns = table(x=x, z=RAMP, y=y, w=weights)
    fields = {"target": "y", "task": "regression", "features": ["x", "z"], "epochs": 1, **options}
    spec = TrainingSpec.model_validate(fields)
    schema = describe(columns)
    refused = find_refusal(spec, schema) & CODES
    for code in sorted(refused):
        event(code)
    if refused:
        assert not prepares(resolve(spec, without_statistics(schema)).spec, columns), refused
