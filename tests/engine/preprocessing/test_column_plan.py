"""The plan of a column and its fitted counterpart have the same inputs."""

from collections.abc import Iterator, Mapping
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
from engine.preprocessing.fitted import FittedColumn
from engine.preprocessing.preprocessing import NumericTarget, Preprocessing
from engine.specs import (
    CategoricalEncoding,
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
# The options of each kind; `encoding` is the categorical encoding of all columns.
OPTIONS: Mapping[ColumnKind, Mapping[str, list[Any]]] = {
    "numeric": {"numeric": [*get_args(NumericScaling)]},
    "boolean": {},
    "categorical": {
        "encoding": [*get_args(CategoricalEncoding)],
        "categorical": [None, "one_hot", "ordinal"],
        "max_levels": [None, 2, DISTINCT - 1, DISTINCT, DISTINCT + 1],
        "levels": [None, ["b", "never", "a"]],
        "hash_buckets": [None, 5],
        "fill_value": [None, 1.0, "b", "new"],
    },
    "time": {"time": TIMES},
    "text": {"hash_buckets": [2, 7]},
}
COMMON = {"missing": [*get_args(MissingStrategy)], "missing_indicator": [False, True]}


def cases(kind: ColumnKind) -> Iterator[dict[str, Any]]:
    """Yield every combination of a kind's options."""
    choices = {**OPTIONS[kind], **COMMON}
    for values in product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def plan_and_fit(kind: ColumnKind, case: dict[str, Any]) -> tuple[ColumnPlan, FittedColumn]:
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
    for case in cases(kind):
        plan, fitted = plan_and_fit(kind, case)
        width = Preprocessing((fitted,), NumericTarget("y", 0, 1)).width
        if adds_a_known_category(plan):
            assert plan.inputs.categories == inputs_of(fitted).categories + 1 == 5, case
        else:
            assert plan.inputs == inputs_of(fitted), case
            assert plan.inputs.width == width, case


@pytest.mark.parametrize("kind", get_args(ColumnKind))
def test_width_is_that_of_the_written_inputs(kind: ColumnKind) -> None:
    written = set()
    for case in cases(kind):
        _, fitted = plan_and_fit(kind, case)
        if fitted in written:
            continue
        written.add(fitted)
        preprocessing = Preprocessing((fitted,), NumericTarget("y", 0, 1))
        x = preprocessing.transform({"x": COLUMNS[kind]}, FLOAT64)
        inputs = inputs_of(fitted)
        assert x.shape[1] == preprocessing.width == inputs.width
        if inputs.indicator:
            assert x[:, -1].tolist() == [0, 1, *[0] * (len(x) - 2)], case
        if inputs.encoding == "embedding":
            assert x.max() < inputs.codes, case


def test_cases_cover_every_option_encoding_and_fitted_column() -> None:
    options = {option for kind in OPTIONS for option in (*OPTIONS[kind], *COMMON)}
    assert options - {"encoding"} == set(ColumnPreprocessingSpec.model_fields)
    plans = [plan_and_fit(kind, case) for kind in OPTIONS for case in cases(kind)]
    assert {plan.inputs.encoding for plan, _ in plans} == set(get_args(Encoding))
    union, _ = get_args(FittedColumn)
    assert {type(fitted) for _, fitted in plans} == set(get_args(union))


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
