"""The plan of a column and its fitted counterpart have the same inputs."""

from collections.abc import Mapping
from functools import cache
from itertools import combinations, product
from typing import Any, get_args

import numpy as np
import pytest

from engine.data.table import Column, ColumnKind, ColumnSchema, MemoryTable
from engine.preprocessing.column_plan import (
    ColumnInputs,
    ColumnPlan,
    Encoding,
    has_encoding,
    inputs_of,
    plan_column,
)
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedColumn, NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import (
    ColumnPreprocessingSpec,
    MissingStrategy,
    NumericScaling,
    PreprocessingSpec,
    ResolvedPreprocessing,
    TimePart,
)
from tests.engine.examples import FLOAT64, levels, numbers, truths

COLUMNS: Mapping[ColumnKind, Column] = {
    "numeric": numbers(3, None, 5, 8, 1),
    "boolean": truths(True, None, False, True, True),
    "categorical": levels("a", None, "b", "c", "d", "a"),
    "time": numbers(0, None, 1e9, 1.7e9, 5e8),
    "text": levels("red car", None, "blue car", "a a a", "!"),
}
DISTINCT = 4  # categories
TIMES = [c for size in (1, 2, 3, 4) for c in combinations(get_args(TimePart), size)]
Case = dict[str, Any]
# The options of each kind; `encoding` is the encoding of all categorical columns, with the column's
# own beside it.
CATEGORY: list[Case] = [
    {"encoding": "one_hot"},
    {"encoding": "ordinal"},
    {"encoding": "embedding"},
    {"encoding": "embedding", "categorical": "one_hot"},
    {"encoding": "embedding", "categorical": "ordinal"},
]
OPTIONS: Mapping[ColumnKind, list[list[Case]]] = {
    "numeric": [[{"numeric": scaling} for scaling in get_args(NumericScaling)]],
    "boolean": [],
    "categorical": [
        [*CATEGORY, {"hash_buckets": 5}],
        [{"max_levels": most} for most in (2, DISTINCT, DISTINCT + 1)],
        [{}, {"levels": ["b", "never", "a"]}],
        [{"fill_value": value} for value in (1.0, "b", "new")],
    ],
    "time": [[{"time": parts} for parts in TIMES]],
    "text": [[{"hash_buckets": buckets} for buckets in (2, 7)]],
}
COMMON: list[list[Case]] = [
    [{"missing": strategy} for strategy in get_args(MissingStrategy)],
    [{"missing_indicator": indicator} for indicator in (False, True)],
]


@cache
def plan_and_fit(kind: ColumnKind) -> list[tuple[Case, ColumnPlan, FittedColumn]]:
    """Plan and fit a column of this kind with every combination of its options."""
    cases = [
        {option: value for choice in choices for option, value in choice.items()}
        for choices in product(*OPTIONS[kind], *COMMON)
    ]
    return [(case, *_plan_and_fit(kind, case)) for case in cases]


def _plan_and_fit(kind: ColumnKind, case: Case) -> tuple[ColumnPlan, FittedColumn]:
    own = {option: value for option, value in case.items() if option != "encoding"}
    spec = ResolvedPreprocessing.model_validate(
        {"categorical": case.get("encoding", "one_hot"), "target": "none", "columns": {"x": own}}
    )
    table = MemoryTable({"x": COLUMNS[kind]})
    (fitted,) = fit_columns(table, ("x",), np.arange(table.rows), spec)
    return plan_column(spec, "x", kind, DISTINCT if kind == "categorical" else 0), fitted


def adds_a_known_category(plan: ColumnPlan) -> bool:
    """Whether the constant for missing values is a category already, which only fitting shows."""
    return (
        plan.options.fill_level == "b"
        and plan.options.levels is None
        and plan.inputs.encoding in {"one_hot", "embedding"}
        and plan.options.max_levels > DISTINCT
    )


@pytest.mark.parametrize("kind", get_args(ColumnKind))
def test_planned_inputs_are_the_fitted_inputs(kind: ColumnKind) -> None:
    for case, plan, fitted in plan_and_fit(kind):
        width = Preprocessing((fitted,), NumericTarget("y", 0, 1)).width
        if adds_a_known_category(plan):
            assert plan.inputs.categories == inputs_of(fitted).categories + 1 == 5, case
        else:
            assert plan.inputs == inputs_of(fitted), case
            assert plan.inputs.width == width, case


@pytest.mark.parametrize("kind", get_args(ColumnKind))
def test_width_is_that_of_the_written_inputs(kind: ColumnKind) -> None:
    for fitted in {fitted for _, _, fitted in plan_and_fit(kind)}:
        preprocessing = Preprocessing((fitted,), NumericTarget("y", 0, 1))
        x = preprocessing.transform({"x": COLUMNS[kind]}, FLOAT64)
        inputs = inputs_of(fitted)
        assert x.shape[1] == preprocessing.width == inputs.width
        if inputs.indicator:
            assert x[:, -1].tolist() == [0, 1, *[0] * (len(x) - 2)]
        if inputs.encoding == "embedding":
            assert x.max() < inputs.codes


def test_cases_cover_every_option_encoding_and_fitted_column() -> None:
    cases = [case for kind in OPTIONS for case in plan_and_fit(kind)]
    options = {option for case, _, _ in cases for option in case}
    assert options - {"encoding"} == set(ColumnPreprocessingSpec.model_fields)
    assert {plan.inputs.encoding for _, plan, _ in cases} == set(get_args(Encoding))
    union, _ = get_args(FittedColumn)
    assert {type(fitted) for _, _, fitted in cases} == set(get_args(union))


@pytest.mark.parametrize(
    ("inputs", "width"),
    [
        (ColumnInputs("numeric"), 1),
        (ColumnInputs("boolean", indicator=True), 2),
        (ColumnInputs("one_hot", categories=3), 3),
        (ColumnInputs("one_hot", indicator=True), 1),
        (ColumnInputs("ordinal", indicator=True), 2),
        (ColumnInputs("embedding", categories=9), 1),
        (ColumnInputs("calendar", parts=("year", "hour"), indicator=True), 4),
        (ColumnInputs("hashed", buckets=8, indicator=True), 9),
    ],
)
def test_width_of_each_encoding(inputs: ColumnInputs, width: int) -> None:
    assert inputs.width == width


def test_an_embedding_has_a_code_per_category_and_one_for_missing_values() -> None:
    assert ColumnInputs("embedding", categories=9).codes == 10


@pytest.mark.parametrize(
    ("column", "options", "expected"),
    [
        (ColumnSchema("x", "numeric", 0, None), {}, True),
        (ColumnSchema("x", "categorical", 0, 3), {}, True),
        (ColumnSchema("x", "categorical", 0, None), {}, False),
        (ColumnSchema("x", "categorical", 0, None), {"hash_buckets": 4}, False),
        (ColumnSchema("x", "categorical", 0, None), {"columns": {"x": {"hash_buckets": 4}}}, True),
        (ColumnSchema("x", "text", 0, None), {}, False),
        (ColumnSchema("x", "text", 0, None), {"hash_buckets": 4}, True),
        (ColumnSchema("x", "text", 0, None), {"columns": {"x": {"hash_buckets": 4}}}, True),
    ],
)
def test_free_text_and_uncounted_categories_have_an_encoding_if_hashed(
    column: ColumnSchema, options: dict[str, Any], expected: bool
) -> None:
    assert has_encoding(PreprocessingSpec.model_validate(options), column) is expected
