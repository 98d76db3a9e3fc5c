"""The resolved input width and code positions match those of the fitted preprocessing."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.data.table import Column, ColumnSchema, MemoryTable, NumericColumn, TableSchema
from engine.preprocessing.feature_layout import tables_of
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.preprocessing import NumericTarget, Preprocessing
from engine.resolution.embeddings import tables_in
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
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


KIND = st.sampled_from(["numeric", "boolean", "categorical", "time", "text"])
CATEGORY = st.sampled_from([None, "one_hot", "ordinal"])
OPTIONS = st.fixed_dictionaries(
    {
        "missing": st.sampled_from(["mean", "median", "most_frequent", "drop_row"]),
        "missing_indicator": st.booleans(),
        "max_levels": st.integers(2, 12),
        "hash_buckets": st.integers(2, 9),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    drawn=st.lists(st.tuples(KIND, st.booleans(), CATEGORY), min_size=1, max_size=6),
    options=OPTIONS,
    embeds=st.booleans(),
)
def test_width_and_code_positions_match_the_fitted_layout(
    drawn: list[tuple[str, bool, str | None]], options: dict[str, Any], embeds: bool
) -> None:
    made = {f"c{i}": column_of(kind, has_gaps, i) for i, (kind, has_gaps, _) in enumerate(drawn)}
    own = {
        f"c{i}": {"categorical": category}
        for i, (kind, _, category) in enumerate(drawn)
        if kind == "categorical"
    }
    has_codes = any(kind == "categorical" and category is None for kind, _, category in drawn)
    asked: dict[str, Any] = {"target": "y", "preprocessing": options | {"columns": own}}
    if embeds and has_codes:
        asked["network"] = {"layers": [{"type": "embedding"}]}
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
