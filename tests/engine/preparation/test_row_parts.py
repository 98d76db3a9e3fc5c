"""The training, validation and test rows of a table."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, MemoryTable
from engine.errors import DataError
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData, describe_preparation
from engine.resolution.resolve import resolve
from engine.specs import ResolvedSpec, TrainingSpec
from tests.engine.examples import array, describe, levels, numbers

ROWS = 60


def table(**columns: Column) -> dict[str, Column]:
    """Return rows that are identified by the feature `row`, with groups, order and marks."""
    rows = range(ROWS)
    return {
        "row": numbers(*rows),
        "y": levels(*("ab"[n % 2] for n in rows)),
        "patient": levels(*(f"p{n * n % 17}" for n in rows)),
        "day": numbers(*(float(n * 7 % ROWS) for n in rows)),
        "part": levels(*(("test", "valid", "train", "train")[n % 4] for n in rows)),
        **columns,
    }


def resolved(columns: dict[str, Column] | None = None, **options: Any) -> ResolvedSpec:
    asked = {
        "target": "y",
        "features": ["row"],
        "preprocessing": {"numeric": "none"},
        **options,
    }
    return resolve(TrainingSpec.model_validate(asked), describe(columns or table())).spec


def rows_of(data: PreparedData) -> tuple[set[int], set[int], set[int]]:
    """Return the rows of training, validation and test."""
    splits = (data.training, data.validation, data.test)
    return tuple(  # type: ignore[return-value]
        set() if split is None else {int(row) for row in array(split.x)[:, 0]} for split in splits
    )


def parts(fold: int | None = None, **options: Any) -> tuple[set[int], set[int], set[int]]:
    return rows_of(prepare(resolved(**options), MemoryTable(table()), fold=fold))


def values(name: str, rows: set[int]) -> set[Any]:
    column = table()[name]
    found = column.codes if name != "day" else column.values  # type: ignore[union-attr]
    return {found[row].item() for row in rows}


@pytest.mark.parametrize(
    "validation",
    [
        None,
        {"fraction": 0.2},
        {"fraction": 0.2, "order_by": "day"},
        {"fraction": 0.2, "group_by": "patient"},
        {"column": "part", "values": ["valid"]},
    ],
)
@pytest.mark.parametrize(
    "test",
    [
        {"fraction": 0.25},
        {"fraction": 0.25, "order_by": "day"},
        {"fraction": 0.25, "group_by": "patient"},
        {"column": "part", "values": ["test"]},
        {"column": "part"},
    ],
)
def test_every_row_is_in_one_part(validation: dict[str, Any] | None, test: dict[str, Any]) -> None:
    found = parts(validation=validation, test=test)
    assert sorted(row for part in found for row in part) == list(range(ROWS))
    assert bool(found[1]) == (validation is not None)
    assert found[2]


def test_test_rows_do_not_depend_on_the_validation() -> None:
    test = {"fraction": 0.25, "order_by": None, "group_by": None}
    alone = parts(validation=None, test=test)[2]
    for validation in ({"fraction": 0.4}, {"fraction": 0.2, "order_by": "day"}, {"folds": 3}):
        assert parts(validation=validation, test=test)[2] == alone
    assert len(alone) == 15
    assert len([row for row in alone if row % 2]) in {7, 8}
    assert parts(validation=None, test=test, seed=1)[2] != alone


def test_last_rows_are_tested_and_those_before_validated() -> None:
    validation = {"fraction": 0.2, "order_by": "day"}
    training, validated, tested = (
        values("day", rows) for rows in parts(validation=validation, test={"fraction": 0.1})
    )
    assert (len(tested), len(validated)) == (6, 11)
    assert max(training) < min(validated) < max(validated) < min(tested)


def test_groups_are_not_shared() -> None:
    validation = {"fraction": 0.3, "group_by": "patient"}
    training, validated, tested = (
        values("patient", rows) for rows in parts(validation=validation, test={"fraction": 0.2})
    )
    assert not (training & validated | training & tested | validated & tested)


def test_one_column_marks_both_parts() -> None:
    found = parts(validation={"column": "part"}, test={"column": "part"})
    test, valid = (set(range(start, ROWS, 4)) for start in (0, 1))
    assert found[1:] == (valid, test)


@pytest.mark.parametrize(
    "folds",
    [
        {"folds": 4},
        {"folds": 3, "repeats": 2},
        {"folds": 3, "group_by": "patient"},
        {"folds": 3, "group_by": "patient", "repeats": 2},
        {"folds": 4, "order_by": "day"},
    ],
)
def test_test_rows_are_in_no_fold_and_prepared_for_the_final_network_only(
    folds: dict[str, Any],
) -> None:
    training, none, tested = parts(validation=folds, test={"fraction": 0.2})
    assert none == set()
    assert training | tested == set(range(ROWS))
    seen: list[int] = []
    for fold in range(folds["folds"] * folds.get("repeats", 1)):
        trained, validated, not_prepared = parts(fold, validation=folds, test={"fraction": 0.2})
        assert trained.isdisjoint(validated | tested)
        assert validated.isdisjoint(tested)
        assert not not_prepared
        if "group_by" in folds:
            assert not values("patient", trained) & values("patient", validated)
        if "order_by" in folds:
            assert max(values("day", trained)) < min(values("day", validated))
        else:
            assert trained | validated == training
        seen += validated
    repeats = folds.get("repeats", 1)
    if "order_by" not in folds:
        assert sorted(seen) == sorted([*training] * repeats)


def test_repeats_are_drawn_anew() -> None:
    validated = [
        frozenset(parts(fold, validation={"folds": 2, "repeats": 3})[1]) for fold in range(6)
    ]
    assert len(set(validated)) == 6
    assert validated[0] == parts(0, validation={"folds": 2})[1]


def test_rows_of_another_table_are_tested() -> None:
    spec = resolved(validation={"fraction": 0.2}, test={"dataset_id": "ds_2"})
    other = MemoryTable({"row": numbers(100, 101, None), "y": levels("b", None, "a")})
    data = prepare(spec, MemoryTable(table()), test_table=other)
    assert len(data.x) == 48
    assert data.test is not None
    assert array(data.test.y)[:, 0].tolist() == [1, 0]


def test_preprocessing_and_weights_do_not_see_the_test_rows() -> None:
    columns = table(weight=numbers(*(1.0 + n % 3 for n in range(ROWS))))
    options = {"preprocessing": {}, "sample_weight": "weight", "validation": {"fraction": 0.2}}
    spec = resolved(columns, test={"column": "part", "values": ["test"]}, **options)
    tested = range(0, ROWS, 4)
    changed = dict(columns)
    for name, value in (("row", 1e9), ("weight", 1e6)):
        altered = columns[name].values.copy()  # type: ignore[union-attr]
        altered[tested] = value * (1 + altered[tested])
        changed[name] = numbers(*altered)
    one, other = (prepare(spec, MemoryTable(each)) for each in (columns, changed))
    assert one.preprocessing == other.preprocessing
    for name in ("x", "weights", "x_validation", "weights_validation"):
        np.testing.assert_array_equal(array(getattr(one, name)), array(getattr(other, name)))
    assert one.test is not None
    assert other.test is not None
    assert not np.array_equal(array(one.test.x), array(other.test.x))
    assert array(other.test.weights).mean() == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"test": {"column": "part", "values": ["none"]}}, "there are no test rows"),
        (
            {"test": {"column": "part", "values": ["test", "train", "valid"]}},
            "there are no training rows",
        ),
        ({"validation": {"folds": 5, "group_by": "few"}}, "has 3 groups in usable rows"),
        ({"validation": {"fraction": 0.2, "group_by": "one"}}, "has 1 groups in usable rows"),
        ({"validation": {"folds": 4, "order_by": "days"}}, "column 'days' has 3 in usable rows"),
    ],
)
def test_parts_that_only_the_rows_show_to_be_empty_are_data_errors(
    options: dict[str, Any], reason: str
) -> None:
    target = ["ab"[n % 2] if n < 40 else None for n in range(ROWS)]
    columns = table(
        y=levels(*target),
        few=levels(*(str(n % 3) if n < 40 else str(n) for n in range(ROWS))),
        one=levels(*("same" if n < 40 else "other" for n in range(ROWS))),
        days=numbers(*(n % 3 if n < 40 else n for n in range(ROWS))),
    )
    spec = resolved(columns, **options)
    with pytest.raises(DataError, match=reason):
        prepare(spec, MemoryTable(columns), fold=0)


def test_prepared_data_are_cached_by_everything_that_selects_rows() -> None:
    specs: list[dict[str, Any]] = [
        {"validation": {"fraction": 0.2}},
        {"validation": {"fraction": 0.2, "group_by": "patient"}},
        {"validation": {"fraction": 0.2}, "test": {"fraction": 0.2}},
        {"validation": {"fraction": 0.2}, "test": {"fraction": 0.3}},
        {"validation": {"folds": 3}, "test": {"fraction": 0.2}},
        {"validation": {"folds": 3}, "test": {"fraction": 0.2}, "seed": 1},
        {"validation": {"folds": 3, "order_by": "day"}, "test": {"fraction": 0.2}},
    ]
    keys = [str(describe_preparation(resolved(**spec), None)) for spec in specs]
    assert len(set(keys)) == len(specs)
    ordered: dict[str, Any] = {"validation": {"folds": 3, "order_by": "day"}}
    first, second = (
        describe_preparation(resolved(**ordered, seed=seed), fold=0) for seed in (0, 1)
    )
    assert first == second


def test_few_rows_that_only_the_data_show_are_reported() -> None:
    marks = levels(*("ab"[n < 3] for n in range(ROWS)))
    options = {"test": {"column": "mark", "values": ["b"]}, "validation": {"folds": 2}}
    columns = table(mark=marks)
    data = prepare(resolved(columns, **options), MemoryTable(columns))
    (finding,) = data.findings
    assert (finding.pointer, finding.code) == ("/test", "few_rows")
    assert finding.detail == "with 3 test rows, test metrics are rough"
    assert prepare(resolved(columns, **options), MemoryTable(columns), fold=0).findings == ()
