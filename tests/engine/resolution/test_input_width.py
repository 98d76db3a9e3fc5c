"""The resolved input width and code positions match those of the fitted preprocessing."""

from typing import Any, get_args

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import (
    Column,
    ColumnKind,
    ColumnSchema,
    MemoryTable,
    NumericColumn,
    TableSchema,
)
from engine.preprocessing.feature_layout import tables_of
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import NumericTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.resolution.embeddings import tables_in
from engine.resolution.resolve import resolve
from engine.specs import NumericScaling, TrainingSpec
from tests.engine.examples import FLOAT64, describe, draw, levels, truths

ROWS = 60


def column_of(kind: str, has_gaps: bool, seed: int) -> tuple[Column, ColumnSchema]:
    random = np.random.default_rng(seed)
    gone = (random.random(ROWS) < 0.2) & has_gaps
    column: Column
    if kind in {"numeric", "time"}:
        column = NumericColumn(np.where(gone, np.nan, draw(ROWS, seed=seed) * 1e8))
    elif kind == "boolean":
        column = truths(*(None if g else bool(n % 2) for n, g in enumerate(gone)))
    else:
        drawn = random.integers(0, 9, ROWS)
        column = levels(*(None if g else f"word{n}" for n, g in zip(drawn, gone, strict=True)))
    (schema,) = describe({"x": column}).columns
    distinct = None if kind == "text" else schema.distinct
    return column, ColumnSchema("x", kind, schema.missing, distinct, integral=seed % 2 == 0)  # type: ignore[arg-type]


def own_options(**options: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Draw overrides of one column: any of these, its strategy and its indicator."""
    strategies = ["mean", "median", "most_frequent", "drop_row"]
    return st.fixed_dictionaries(
        {},
        optional={
            "missing": st.sampled_from(strategies),
            "missing_indicator": st.booleans(),
            **{name: st.sampled_from(values) for name, values in options.items()},
        },
    )


def filled(options: dict[str, Any], value: float | str) -> dict[str, Any]:
    return {**options, "missing": "constant", "fill_value": value}


WORDS = [f"word{n}" for n in range(9)]
CATEGORY = {"categorical": ["one_hot", "ordinal"], "max_levels": [2, 9, 10]}
OWN: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "numeric": own_options(numeric=get_args(NumericScaling))
    | own_options().map(lambda own: filled(own, 2.5)),
    "boolean": own_options() | own_options().map(lambda own: filled(own, 0.5)),
    "categorical": own_options(**CATEGORY)
    | own_options(hash_buckets=[3, 8])
    | own_options(**CATEGORY).map(lambda own: filled(own, "none"))
    | own_options(categorical=["one_hot", "ordinal"], levels=[WORDS[:4], WORDS])
    | own_options().map(lambda own: filled({**own, "levels": WORDS[:3]}, "word1")),
    "time": own_options(time=[["year"], ["weekday", "year"], ["hour"]]),
    "text": own_options(hash_buckets=[2, 5]),
}
COLUMN = st.sampled_from(get_args(ColumnKind)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.booleans(), OWN[kind])
)
OPTIONS = st.fixed_dictionaries(
    {
        "missing": st.sampled_from(["mean", "median", "most_frequent", "drop_row"]),
        "missing_indicator": st.booleans(),
        "max_levels": st.integers(2, 12),
        "hash_buckets": st.integers(2, 9),
    }
)


def is_embedded(kind: str, own: dict[str, Any]) -> bool:
    return kind == "categorical" and not own.keys() & {"categorical", "hash_buckets"}


def without_indicator(own: dict[str, Any]) -> dict[str, Any]:
    return {option: value for option, value in own.items() if option != "missing_indicator"}


@settings(max_examples=60, deadline=None)
@given(drawn=st.lists(COLUMN, min_size=1, max_size=6), options=OPTIONS, embeds=st.booleans())
def test_width_and_code_positions_match_the_fitted_layout(
    drawn: list[tuple[str, bool, dict[str, Any]]], options: dict[str, Any], embeds: bool
) -> None:
    made = {f"c{i}": column_of(kind, has_gaps, i) for i, (kind, has_gaps, _) in enumerate(drawn)}
    embeds = embeds and any(is_embedded(kind, own) for kind, _, own in drawn)
    overrides = {
        f"c{i}": without_indicator(own) if embeds and is_embedded(kind, own) else own
        for i, (kind, _, own) in enumerate(drawn)
    }
    asked = {
        "target": "y",
        "preprocessing": options | {"columns": overrides},
        "network": {"layers": [{"type": "embedding"}] if embeds else []},
    }
    described = tuple(
        ColumnSchema(name, s.kind, s.missing, s.distinct, s.integral)
        for name, (_, s) in made.items()
    )
    table = TableSchema(ROWS, (*described, ColumnSchema("y", "numeric", 0, 50)))
    resolution = resolve(TrainingSpec.model_validate(asked), table)
    columns = {name: column for name, (column, _) in made.items()}
    spec = resolution.spec
    fitted = fit_columns(MemoryTable(columns), spec.features, np.arange(ROWS), spec.preprocessing)
    preprocessing = Preprocessing(fitted, NumericTarget("y", 0, 1))
    x = preprocessing.transform(columns, FLOAT64)
    assert x.shape[1] == preprocessing.width == resolution.in_features
    assert tables_of(fitted) == tables_in(spec.network)
