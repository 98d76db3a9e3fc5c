"""Findings that only the rows show."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import (
    CategoricalColumn,
    Column,
    ColumnKind,
    ColumnSchema,
    MemoryTable,
    NumericColumn,
    TableSchema,
)
from engine.findings import Finding, list_features
from engine.preparation.prepare import prepare
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from tests.engine.examples import draw, levels, numbers, truths

ROWS = 12
X = NumericColumn(draw(2 * ROWS))
Y = NumericColumn(draw(2 * ROWS, seed=1))
PART = numbers(*[0] * ROWS, *[1] * ROWS)
KINDS: dict[str, ColumnKind] = {"t": "time", "w": "text", "b": "boolean", "l": "categorical"}


def find(columns: dict[str, Column], fold: int | None = None, **options: Any) -> dict[str, Finding]:
    """Return the findings by code; a column's first letter is its kind, numbers by default."""
    common: dict[str, Column] = {"x": X, "y": Y, "part": PART}
    columns = {**common, **columns}
    classes = isinstance(columns["y"], CategoricalColumn)
    kinds: dict[str, ColumnKind] = {**KINDS, "y": "categorical" if classes else "numeric"}
    schemas = [
        ColumnSchema(name, kinds.get(name[0], "numeric"), 1, 4, integral=name == "part")
        for name in columns
    ]
    asked: dict[str, Any] = {
        "target": "y",
        "features": [name for name in columns if name not in {"y", "part"}],
        "validation": {"column": "part", "values": ["1"]},
    }
    spec = TrainingSpec.model_validate(asked | options)
    resolved = resolve(spec, TableSchema(2 * ROWS, tuple(schemas))).spec
    data = prepare(resolved, MemoryTable(columns, chunk_rows=5), fold=fold)
    assert len({finding.key for finding in data.findings}) == len(data.findings)
    return {finding.code: finding for finding in data.findings}


def halves(first: Any, second: Any) -> list[Any]:
    return [first] * ROWS + [second] * ROWS


def test_columns_that_never_vary_are_named_by_kind() -> None:
    found = find(
        {
            "sensor": numbers(*halves(None, 1000)),
            "n": numbers(*halves(5, 6)),
            "b": truths(*halves(False, True)),
            "l": levels(*halves("a", "b")),
            "t": numbers(*halves(1e9, 1.5e9)),
            "w": levels(*halves(None, "words")),
        },
        preprocessing={"hash_buckets": 4, "columns": {"l": {"levels": ["a", "b"]}}},
    )
    finding = found["never_varies_in_training"]
    assert "no value: 'sensor', 'w'" in finding.detail
    assert "one value: 'n', 'b', 'l', 't'" in finding.detail
    assert (finding.level, finding.pointer) == ("warning", "/features")
    assert finding.fix == {"patch": [{"op": "add", "path": "/features", "value": ["x"]}]}
    assert "unused_in_training" not in found


def test_finding_is_gone_after_its_fix() -> None:
    columns: dict[str, Column] = {"n": numbers(*halves(5, 6))}
    finding = find(columns)["never_varies_in_training"]
    assert finding.fix is not None
    (operation,) = finding.fix["patch"]
    assert find(columns, features=operation["value"]) == {}


def test_a_column_without_an_input_is_named() -> None:
    found = find({"l": levels(*halves(None, "a"))})
    assert "no value: 'l'" in found["never_varies_in_training"].detail


def test_one_column_alone_has_no_fix() -> None:
    found = find({"n": numbers(*halves(5, 6))}, features=["n"])
    assert found["never_varies_in_training"].fix is None


def test_what_the_schema_shows_is_not_found_again() -> None:
    """A column that is constant in the whole table is the schema's `constant_feature`."""
    assert find({"n": numbers(*halves(5, 5)), "e": numbers(*halves(None, None))}) == {}


def test_a_column_that_is_constant_in_the_rows_that_remain_is_found() -> None:
    target = numbers(None, *range(2 * ROWS - 1))
    found = find({"n": numbers(7, *[5] * (2 * ROWS - 1)), "y": target})
    assert "one value: 'n'" in found["never_varies_in_training"].detail


def test_a_constant_column_of_which_rows_are_held_out_is_not_found_again() -> None:
    columns: dict[str, Column] = {
        "n": numbers(*halves(5, 5)),
        "l": levels(*halves("a", "a")),
        "y": numbers(None, *range(2 * ROWS - 1)),
    }
    for fold in (0, None):
        assert "never_varies_in_training" not in find(
            columns, fold=fold, validation={"folds": 3}, test={"fraction": 0.2}
        )


def test_a_value_that_is_imputed_where_it_is_missing_never_varies() -> None:
    """The schema does not report the column as constant: it has missing values."""
    found = find({"n": numbers(*[5] * ROWS, *[None] * ROWS)})
    assert "one value: 'n'" in found["never_varies_in_training"].detail


def test_numbers_that_the_dtype_rounds_to_one_are_found() -> None:
    column = NumericColumn(1e9 + np.arange(2.0 * ROWS))
    options: dict[str, Any] = {"preprocessing": {"columns": {"n": {"numeric": "none"}}}}
    assert (
        "too little for the dtype: 'n'"
        in find({"n": column}, **options)["never_varies_in_training"].detail
    )
    assert find({"n": column}, dtype="float64", **options) == {}


def test_unused_parts_of_columns_are_named() -> None:
    found = find(
        {
            "l": levels(*["a", "b"] * 6, *["c"] * ROWS),
            "t": NumericColumn(1e9 + 86_400 * np.arange(2.0 * ROWS)),
            "n": numbers(*range(ROWS), *[None] * ROWS),
        },
        preprocessing={
            "columns": {
                "l": {"levels": ["a", "b", "c"]},
                "t": {"time": ["year", "weekday", "hour"]},
                "n": {"missing_indicator": True},
            }
        },
    )
    finding = found["unused_in_training"]
    assert "'l' (level 'c'), 't' (year, hour), 'n' (missing values)" in finding.detail
    assert (finding.level, finding.pointer, finding.fix) == ("info", "/features", None)
    assert "never_varies_in_training" not in found


def test_unused_codes_of_an_embedding_are_named_as_levels() -> None:
    found = find(
        {"l": levels(*["a", "b"] * 6, *["c", None] * 6)},
        network={"layers": [{"type": "embedding"}, {"type": "dense", "units": 2}]},
        preprocessing={"columns": {"l": {"levels": ["a", "b", "c", "d"]}}},
    )
    assert "'l' (levels 'c', 'd')." in found["unused_in_training"].detail


def test_at_most_ten_columns_are_named() -> None:
    columns: dict[str, Column] = {f"n{i}": numbers(*halves(5, 6)) for i in range(12)}
    assert "'n9' and 2 more" in find(columns)["never_varies_in_training"].detail


def test_classes_without_training_rows_are_named() -> None:
    labels = levels(*["a", "b"] * 6, *["c", "d"] * 6)
    finding = find({"y": labels}, task="classification")["class_without_training_rows"]
    assert "'c', 'd'" in finding.detail
    assert (finding.level, finding.pointer) == ("warning", "/target")
    assert find({"y": levels(*["a", "b", "c", "d"] * 6)}, task="classification") == {}


@pytest.mark.parametrize(
    ("target", "columns", "expected"),
    [
        (range(24), {"n": {0}}, None),  # the schema shows it
        (range(24), {"n": {0, 1}, "m": {1, 13}}, "3 of 24 rows"),
        ([None, *range(23)], {"n": {0, 1}}, "2 of 24 rows"),
        ([None, *range(23)], {"n": {0}}, None),  # as many as without a target
    ],
)
def test_rows_left_out_for_several_reasons_are_counted(
    target: Any, columns: dict[str, set[int]], expected: str | None
) -> None:
    gappy: dict[str, Column] = {
        name: numbers(*(None if row in gaps else row for row in range(2 * ROWS)))
        for name, gaps in columns.items()
    }
    own = {name: {"missing": "drop_row"} for name in columns}
    found = find({"y": numbers(*target), **gappy}, preprocessing={"columns": own})
    if expected is None:
        assert "rows_left_out" not in found
    else:
        assert found["rows_left_out"].detail.startswith(expected)
        assert found["rows_left_out"].pointer == "/preprocessing"


def test_features_of_a_model_that_is_trained_on_are_not_changed() -> None:
    columns: dict[str, Column] = {"x": X, "y": Y, "part": PART, "n": numbers(*halves(5, 6))}
    schemas = tuple(ColumnSchema(name, "numeric", 1, 4, integral=True) for name in columns)
    spec = TrainingSpec.model_validate(
        {"target": "y", "features": ["x", "n"], "validation": {"column": "part", "values": [1]}}
    )
    resolved = resolve(spec, TableSchema(2 * ROWS, schemas)).spec
    first = prepare(resolved, MemoryTable(columns))
    second = prepare(resolved, MemoryTable(columns), first.preprocessing)
    fixes = [[f.fix for f in data.findings if f.pointer == "/features"] for data in (first, second)]
    assert fixes == [[list_features(["x"])], [None]]
