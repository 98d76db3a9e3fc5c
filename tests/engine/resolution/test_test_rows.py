"""Checks of the test rows, of groups as features, and the rows of each part."""

from dataclasses import asdict
from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import Resolution, resolve
from engine.specs import FractionValidation, TrainingSpec
from tests.engine.resolution.requests import TABLE, ask, codes, problems
from tests.engine.test_findings import apply_patch

TENTH = {"fraction": 0.1}


@pytest.mark.parametrize(
    ("test", "found"),
    [
        ({"column": "gone"}, ("/test/column", "unknown_column")),
        ({"column": "size"}, ("/test/column", "target_as_split")),
        ({"column": "only"}, ("/test/column", "constant_split")),
        ({"fraction": 0.1, "order_by": "color"}, ("/test/order_by", "split_without_order")),
        ({"fraction": 0.1, "group_by": "gone"}, ("/test/group_by", "unknown_column")),
        ({"fraction": 0.1, "group_by": "only"}, ("/test/group_by", "too_few_groups")),
        (
            {"fraction": 0.1, "group_by": "color", "order_by": "count"},
            ("/test/group_by", "groups_in_order"),
        ),
    ],
)
def test_a_test_part_is_checked_as_validation_is(
    test: dict[str, Any], found: tuple[str, str]
) -> None:
    assert found in problems(test=test)


@pytest.mark.parametrize("part", [{"dataset_id": "ds_2"}, {"column": "color", "values": ["red"]}])
def test_same_rows_cannot_be_validated_and_tested(part: dict[str, Any]) -> None:
    assert ("/test", "same_rows") in problems(validation=part, test=part)


@pytest.mark.parametrize("name", ["test_loss", "test_accuracy"])
def test_nothing_is_chosen_by_the_test_rows(name: str) -> None:
    plateau = {"type": "reduce_on_plateau", "metric": name}
    choices: tuple[dict[str, Any], ...] = (
        {"early_stopping": {"metric": name}},
        {"schedule": plateau},
    )
    for choice in choices:
        (found,) = problems(test=TENTH, **choice)
        assert found == (f"/{next(iter(choice))}/metric", "test_metric")


def test_test_part_leaves_rows_and_groups_for_folds() -> None:
    validation = {"folds": 3, "group_by": "color"}  # red, green, blue, and five rows without
    assert ask(validation=validation, test=TENTH).rows.test == 99
    stars = {"folds": 5, "group_by": "stars"}
    assert problems(validation=stars, test=TENTH) == {("/validation/group_by", "too_few_groups")}


@pytest.mark.parametrize("chosen", [{"order_by": "count"}, {"group_by": "color"}])
@pytest.mark.parametrize("validation", [{"fraction": 0.2}, {"folds": 3}])
def test_a_fraction_is_tested_as_validation_is_unless_it_states_otherwise(
    chosen: dict[str, str], validation: dict[str, Any]
) -> None:
    found = ask(validation=validation | chosen, test=TENTH)
    assert found.spec.test == FractionValidation.model_validate(TENTH | chosen)
    assert ("info", "/test", "test_as_validation") in codes(found)
    stated = ask(validation=validation | chosen, test=TENTH | dict.fromkeys(chosen))
    assert stated.spec.test == FractionValidation.model_validate(TENTH)
    assert ("warning", "/validation", "test_and_validation_differ") in codes(stated)


@pytest.mark.parametrize(
    ("validation", "test"),
    [
        ({"fraction": 0.2}, {"order_by": "count"}),
        ({"fraction": 0.2}, {"group_by": "color"}),
        ({"fraction": 0.2, "order_by": None}, {"order_by": "count"}),
        ({"folds": 3, "repeats": 2}, {"order_by": "count"}),
        ({"fraction": 0.2, "order_by": "gaps"}, {"order_by": "count"}),
        ({"fraction": 0.2, "order_by": "gaps"}, {"order_by": None}),
        ({"fraction": 0.2, "order_by": "gaps"}, {"group_by": "color"}),
        ({"folds": 3, "group_by": "color"}, {"group_by": "remark"}),
        ({"folds": 3, "group_by": "color"}, {"group_by": None, "order_by": None}),
        ({"folds": 3, "group_by": "color"}, {"fraction": 0.1, "group_by": None}),
    ],
)
def test_the_fix_orders_or_groups_both_parts(
    validation: dict[str, Any], test: dict[str, Any]
) -> None:
    request = {"target": "size", "features": ["count"], "validation": validation, "test": test}
    found = resolve(TrainingSpec.model_validate(request), TABLE)
    (finding,) = (f for f in found.findings if f.code == "test_and_validation_differ")
    assert finding.fix is not None
    mended = resolve(TrainingSpec.model_validate(apply_patch(request, finding.fix["patch"])), TABLE)
    assert "test_and_validation_differ" not in {f.code for f in mended.findings}
    asked = validation if {*filter(None, validation.values())} & {"gaps", "color"} else test
    chosen = {key: value for key, value in asked.items() if key in {"order_by", "group_by"}}
    for part in (mended.spec.validation, mended.spec.test):
        assert part is not None
        assert {key: getattr(part, key) for key in chosen} == chosen


def test_groups_that_do_not_suffice_for_both_parts_are_no_fix() -> None:
    columns = (
        ColumnSchema("x", "numeric", 0, 50),
        ColumnSchema("y", "numeric", 0, 50),
        ColumnSchema("side", "categorical", 0, 2),
    )
    spec = TrainingSpec.model_validate({"target": "y", "test": {"group_by": "side"}})
    (finding, *_) = resolve(spec, TableSchema(50, columns)).findings
    assert (finding.code, finding.fix) == ("test_and_validation_differ", None)
    assert "2 groups; at least 3 are needed" in finding.detail


def over(rows: int = 50, **options: Any) -> Resolution:
    """Resolve for a table of numbers, in which two of `gaps` and `y` are missing."""
    columns = (
        ColumnSchema("x", "numeric", 0, rows),
        ColumnSchema("gaps", "numeric", 2, rows - 2),
        ColumnSchema("group", "categorical", 3, 8),
        ColumnSchema("y", "numeric", 2, rows - 2),
    )
    spec = TrainingSpec.model_validate({"target": "y", **options})
    return resolve(spec, TableSchema(rows, columns), test_table=TableSchema(12, columns))


def test_group_columns_are_features_only_if_named() -> None:
    found = over(validation={"fraction": 0.2, "group_by": "group"})
    assert found.spec.features == ("x", "gaps")
    assert ("info", "/features", "group_left_out") in codes(found)
    named = over(validation={"fraction": 0.2, "group_by": "group"}, features=["x", "group"])
    assert named.spec.features == ("x", "group")
    assert "group_left_out" not in {finding.code for finding in named.findings}
    tested = over(test={"fraction": 0.2, "group_by": "group"})
    assert tested.spec.features == ("x", "gaps")


def test_test_column_is_not_a_feature() -> None:
    assert over(test={"column": "group", "values": ["a"]}).spec.features == ("x", "gaps")
    with pytest.raises(SpecError, match="'group' is the test column"):
        over(test={"column": "group", "values": ["a"]}, features=["x", "group"])


def test_rows_without_a_group_are_reported() -> None:
    found = over(validation={"folds": 3, "group_by": "group"})
    (finding,) = (f for f in found.findings if f.code == "missing_group")
    assert (finding.level, finding.pointer) == ("warning", "/validation/group_by")
    assert finding.detail.startswith("3 of 50 rows have no value in 'group'; each is treated as")


def test_groups_of_one_row_are_reported() -> None:
    found = over(validation={"folds": 3, "group_by": "x"})
    assert ("info", "/validation/group_by", "groups_of_one") in codes(found)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (38, 10, 0)),
        ({"validation": None}, (48, 0, 0)),
        ({"test": {"fraction": 0.25}}, (29, 7, 12)),
        ({"test": {"dataset_id": "ds_2"}}, (38, 10, 10)),
        ({"test": {"column": "group", "values": ["a"]}}, (None, None, None)),
        ({"test": {"fraction": 0.25, "order_by": "x"}}, (29, 7, 12)),
        ({"test": {"fraction": 0.25, "order_by": "gaps"}}, (None, None, None)),
        ({"validation": {"fraction": 0.25, "group_by": "group"}}, (None, None, 0)),
        ({"validation": {"folds": 5}, "test": {"fraction": 0.25}}, (36, 8, 12)),
        ({"validation": {"folds": 5, "group_by": "group"}}, (48, None, 0)),
        ({"validation": {"folds": 5, "order_by": "x"}}, (48, 8, 0)),
        ({"validation": {"folds": 5, "order_by": "gaps"}}, (48, None, 0)),
        ({"preprocessing": {"missing": "drop_row"}}, (None, None, 0)),
        ({"preprocessing": {"columns": {"gaps": {"missing": "mean"}}}}, (38, 10, 0)),
    ],
)
def test_rows_of_each_part_are_known_as_far_as_the_schema_shows(
    options: dict[str, Any], expected: tuple[int | None, ...]
) -> None:
    rows = over(**options).rows
    found = asdict(rows)
    parts = ("training", "validation", "test")
    assert tuple(None if p in rows.unknown else found[p] for p in parts) == expected


def test_data_of_test_rows_are_counted() -> None:
    alone, tested = over(), over(test={"dataset_id": "ds_2"})
    assert tested.data_bytes - alone.data_bytes == 10 * alone.data_bytes // 48
    assert over(test={"fraction": 0.2}).data_bytes == alone.data_bytes


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"validation": {"fraction": 0.1}}, {"/validation"}),
        ({"validation": {"fraction": 0.2}}, set()),
        ({"validation": None, "test": {"fraction": 0.1}}, {"/test"}),
        ({"validation": {"folds": 10}}, set()),
    ],
)
def test_metrics_of_few_rows_are_said_to_be_rough(options: dict[str, Any], found: set[str]) -> None:
    assert {f.pointer for f in over(**options).findings if f.code == "few_rows"} == found


def test_test_part_that_leaves_too_few_rows_is_refused() -> None:
    with pytest.raises(SpecError, match="leaves 1 of 3 rows"):
        over(5, test={"fraction": 0.9}, validation=None)
