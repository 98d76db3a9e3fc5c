"""Preparation of several targets: rows that lack one, strata of labels, classes of a model."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import CategoricalColumn, Column, MemoryTable, NumericColumn
from engine.errors import DataError
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.fitted import ClassTarget, LabelTargets
from engine.preprocessing.labels import LEAST_STRATUM_ROWS, MultiLabels
from engine.specs import TrainingSpec
from tests.engine.examples import array, draw, levels, numbers, prepared, truths


def table(rows: int = 12) -> dict[str, Column]:
    x = np.arange(rows, dtype=np.float64)
    return {"x": NumericColumn(x), "a": NumericColumn(x * 2), "b": NumericColumn(x % 5)}


def make(columns: dict[str, Column], **options: Any) -> PreparedData:
    request = {"features": ["x"], "validation": None, **options}
    return prepared(TrainingSpec.model_validate(request), columns)[1]


def test_rows_that_lack_a_target_are_left_out_and_counted() -> None:
    columns = table()
    columns["a"] = numbers(None, None, *range(10))
    columns["b"] = numbers(0, None, None, *range(9))
    data = make(columns, target=["a", "b"])
    (found,) = data.findings
    assert (found.level, found.pointer, found.code) == ("warning", "/target", "incomplete_targets")
    assert found.detail.startswith("3 of 12 rows lack")
    assert len(data.x) == 9


def test_a_single_incomplete_target_is_counted_by_the_schema() -> None:
    columns = table()
    columns["a"] = numbers(None, None, *range(10))
    data = make(columns, target=["a", "b"])
    assert (data.findings, len(data.x)) == ((), 10)


def combined(counts: dict[tuple[int, int], int]) -> dict[str, Column]:
    """Return two labels with that many rows per combination."""
    rows = [pair for pair, count in counts.items() for _ in range(count)]
    first, second = (
        CategoricalColumn(np.array(c, np.int32), (False, True)) for c in zip(*rows, strict=True)
    )
    return {"x": NumericColumn(draw(len(rows))), "hot": first, "wet": second}


def pairs(y: Any) -> list[tuple[int, ...]]:
    return [tuple(row) for row in array(y).astype(int).tolist()]


def test_labels_are_stratified_by_their_combination() -> None:
    columns = combined({(0, 0): 40, (0, 1): 20, (1, 0): 20, (1, 1): 20})
    data = make(columns, target=["hot", "wet"], validation={"fraction": 0.25})
    found = pairs(data.y_validation)
    assert {pair: found.count(pair) for pair in found} == {
        (0, 0): 10, (0, 1): 5, (1, 0): 5, (1, 1): 5
    }  # fmt: skip
    assert data.findings == ()


def test_rare_combinations_are_one_stratum_and_reported() -> None:
    columns = combined({(0, 0): 40, (0, 1): 2, (1, 0): 3, (1, 1): 20})
    data = make(columns, target=["hot", "wet"], validation={"fraction": 0.2})
    (finding,) = data.findings
    assert (finding.level, finding.code) == ("info", "rare_label_combinations")
    assert finding.detail.startswith("2 combinations")
    assert "their 5 rows" in finding.detail
    found = pairs(data.y_validation)
    assert (found.count((0, 0)), found.count((1, 1)), len(found)) == (8, 4, 13)
    columns["group"] = NumericColumn(np.arange(65, dtype=np.float64) // 2)
    for other in ({"stratify": False}, {"group_by": "group"}, {"order_by": "group"}):
        validation = {"fraction": 0.2, **other}
        found_codes = [
            finding.code
            for finding in make(columns, target=["hot", "wet"], validation=validation).findings
        ]
        assert "rare_label_combinations" not in found_codes


def test_strata_are_numbered_without_gaps_and_missing_is_none() -> None:
    values = np.array([[0, 0]] * LEAST_STRATUM_ROWS + [[0, 1]] + [[1, 1]] * 7 + [[-1, 0]], np.int8)
    label = ClassTarget("y", (False, True))
    codes = MultiLabels(LabelTargets((label, label)), values).codes
    assert codes.tolist() == [0] * LEAST_STRATUM_ROWS + [2] + [1] * 7 + [-1]


def test_validation_labels_have_the_classes_of_the_training_rows() -> None:
    columns = combined({(0, 0): 10, (1, 1): 10})
    spec, _ = prepared(
        TrainingSpec.model_validate({"features": ["x"], "target": ["hot", "wet"]}), columns
    )
    spec = spec.model_copy(update={"validation": None})
    other: dict[str, Column] = {
        "x": numbers(1, 2),
        "hot": truths(True, True),
        "wet": truths(False, True),
    }
    data = prepare(spec, MemoryTable(columns), validation_table=MemoryTable(other))
    assert pairs(data.y_validation) == [(1, 0), (1, 1)]
    other["wet"] = CategoricalColumn(np.array([0, 1], np.int32), ("maybe", "yes"))
    with pytest.raises(DataError, match="'wet' has the class 'maybe', which the model lacks"):
        prepare(spec, MemoryTable(columns), validation_table=MemoryTable(other))


def test_a_label_whose_complete_column_has_one_class_is_refused() -> None:
    columns = combined({(0, 0): 10, (1, 1): 10})
    spec, _ = prepared(
        TrainingSpec.model_validate({"features": ["x"], "target": ["hot", "wet"]}), columns
    )
    columns["wet"] = CategoricalColumn(np.zeros(20, np.int32), (False, True))
    with pytest.raises(DataError, match="column 'wet' has 1 classes, not 2"):
        prepare(spec, MemoryTable(columns))


def test_a_number_too_large_is_named() -> None:
    columns = table()
    columns["b"] = numbers(*range(11), 1e300)
    columns["part"] = levels(*["train"] * 11, "val")
    with pytest.raises(DataError, match="column 'b' has a number too large for float32"):
        make(columns, target=["a", "b"], validation={"column": "part"})
