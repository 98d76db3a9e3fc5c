"""Findings of single folds name the folds; those of all rows are reported once, plainly."""

from typing import Any

import numpy as np

from engine.data.table import Column, MemoryTable, NumericColumn
from engine.findings import Finding
from engine.preparation.fold_findings import name_folds
from engine.preparation.part_rows import FoldRows, PartRows
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.specs import TrainingSpec
from engine.training.cross_validation import FoldedTraining
from engine.training.loop import TrainingState, train
from tests.engine.examples import draw, levels, prepared
from tests.engine.training.test_training import after

ROWS = 24
# The block of a row: fold k in order trains on the first k blocks and validates the next one.
BLOCK = np.arange(ROWS) // 6
IN_ORDER = {"folds": 3, "order_by": "at"}
X = NumericColumn(draw(ROWS))
AT = NumericColumn(np.arange(float(ROWS)))


def open_folds(columns: dict[str, Column], **request: Any) -> FoldedTraining:
    table: dict[str, Column] = {"at": AT, "x": X, **columns}
    asked = {"target": "y", "validation": IN_ORDER, "epochs": 1, **request}
    spec, _ = prepared(TrainingSpec.model_validate(asked), table)

    def prepare_fold(fold: int | None) -> PreparedData:
        return prepare(spec, MemoryTable(table), fold=fold)

    training = FoldedTraining(spec, prepare_fold)
    training.open()
    return training


def by_key(training: FoldedTraining) -> dict[tuple[str, str], Finding]:
    found = {finding.key: finding for finding in training.findings}
    assert len(found) == len(training.findings)
    return found


def find(columns: dict[str, Column], code: str, **request: Any) -> dict[str, Finding]:
    """Return the findings of this code before the first step, by pointer."""
    found = by_key(open_folds(columns, features=["x"], **request))
    return {pointer: finding for (key, pointer), finding in found.items() if key == code}


def classes(*per_block: str) -> Column:
    """Return a target that takes these letters in turn, per block."""
    return levels(*(per_block[BLOCK[row]][row % len(per_block[BLOCK[row]])] for row in range(ROWS)))


def test_a_class_without_training_rows_names_its_folds_before_the_first_step() -> None:
    found = find({"y": classes("ab", "ab", "abc", "abcd")}, "class_without_training_rows")
    assert found.keys() == {"/validation"}
    finding = found["/validation"]
    assert "'c' (folds 1 and 2 of 3), 'd' (all 3 folds)" in finding.detail
    assert (finding.level, finding.fix, finding.epoch) == ("warning", None, None)


def test_a_class_that_one_random_fold_holds_is_of_that_fold() -> None:
    target = levels(*["a", "b"] * 11, "a", "c")
    found = find({"y": target}, "class_without_training_rows", validation={"folds": 3})
    (finding,) = found.values()
    assert finding.pointer == "/validation"
    (fold,) = [fold for fold in range(3) if f"'c' ({name_folds([fold], 3)})" in finding.detail]
    unvalidated = find({"y": target}, "class_without_validation_rows", validation={"folds": 3})
    others = [other for other in range(3) if other != fold]
    assert f"'c' ({name_folds(others, 3)})" in unvalidated["/validation"].detail
    assert unvalidated["/validation"].level == "info"


def test_a_class_that_no_fold_validates_is_a_warning() -> None:
    found = find({"y": classes("abc", "ab", "ab", "ab")}, "class_without_validation_rows")
    assert "'c' (all 3 folds)" in found["/validation"].detail
    assert found["/validation"].level == "warning"


def test_a_class_of_weight_0_in_a_fold_has_no_training_rows_there() -> None:
    weight = NumericColumn(np.where((BLOCK == 0) & (np.arange(ROWS) % 2 == 1), 0.0, 1.0))
    found = find(
        {"y": classes("ab", "ab", "ab", "ab"), "w": weight},
        "class_without_training_rows",
        sample_weight="w",
    )
    assert found.keys() == {"/validation"}
    assert "with a weight above 0 of a class: 'b' (fold 1 of 3)" in found["/validation"].detail


def test_what_all_rows_lack_is_reported_of_all_rows_only() -> None:
    target = classes("ab", "ab", "ab", "ab")
    found = find({"y": target}, "class_without_training_rows", class_weight={"b": 0})
    assert found.keys() == {"/target"}


def test_a_constant_number_names_its_folds() -> None:
    y = NumericColumn(np.where(BLOCK < 2, 5.0, draw(ROWS, seed=1)))
    found = find({"y": y}, "constant_target_in_training")
    assert found.keys() == {"/validation"}
    assert "'y' (folds 1 and 2 of 3)" in found["/validation"].detail


def test_a_fold_whose_validation_rows_are_all_0_has_no_mape() -> None:
    y = NumericColumn(np.where(BLOCK == 2, 0.0, draw(ROWS, seed=1)))
    found = find({"y": y}, "zero_targets_in_mape", metrics=["mape"])
    assert found.keys() == {"/metrics", "/validation"}
    assert "'y' (fold 2 of 3)" in found["/validation"].detail
    assert found["/metrics"].detail.startswith("mape divides by the target, which is 0 in 6 of 24")
    assert find({"y": y}, "zero_targets_in_mape") == {}


def test_inputs_that_vary_in_all_rows_are_of_the_folds_where_they_do_not() -> None:
    columns: dict[str, Column] = {
        "y": NumericColumn(draw(ROWS, seed=1)),
        "late": NumericColumn(np.where(BLOCK < 2, np.nan, draw(ROWS, seed=2))),
        "flag": NumericColumn(np.where(BLOCK < 1, 1.0, draw(ROWS, seed=3))),
    }
    training = open_folds(columns)
    key = ("never_varies_in_training", "/validation")
    assert key not in by_key(training)
    list(train(training))
    finding = by_key(training)[key]
    assert finding.detail.startswith("folds 1 and 2 of 3, such as fold 1 of 3: ")
    assert "'late' (no value), 'flag' (one value)" in finding.detail
    assert (finding.level, finding.fix) == ("info", None)
    assert ("never_varies_in_training", "/features") not in by_key(training)


def test_inputs_that_vary_nowhere_are_reported_once() -> None:
    columns: dict[str, Column] = {
        "y": NumericColumn(draw(ROWS, seed=1)),
        "part": levels(*["test"] * 6, *["train"] * 18),
        "dead": NumericColumn(np.where(BLOCK < 1, draw(ROWS, seed=2), 3.0)),
    }
    training = open_folds(columns, test={"column": "part"}, validation={"folds": 3})
    before = by_key(training)
    assert ("never_varies_in_training", "/features") in before
    list(train(training))
    assert {code for code, _ in by_key(training)} == {code for code, _ in before}


def test_findings_of_folds_survive_a_resumption_in_a_later_fold() -> None:
    columns: dict[str, Column] = {
        "y": NumericColumn(draw(ROWS, seed=1)),
        "late": NumericColumn(np.where(BLOCK < 1, np.nan, draw(ROWS, seed=2))),
    }
    whole = open_folds(columns)
    list(train(whole))
    begun = open_folds(columns)
    list(train(begun, after(2)))
    assert begun.folds_done == 1
    state = begun.state()
    resumed = open_folds(columns)
    resumed.restore(TrainingState(state.arrays, state.numbers))
    list(train(resumed))
    assert resumed.findings == whole.findings
    assert "fold 1 of 3: " in by_key(resumed)["never_varies_in_training", "/validation"].detail


def test_a_training_that_ends_in_a_fold_has_the_findings_of_the_folds_so_far() -> None:
    late = NumericColumn(np.where(BLOCK < 1, np.nan, draw(ROWS, seed=2)))
    training = open_folds({"y": NumericColumn(draw(ROWS, seed=1)), "late": late})
    training.end("time_budget")
    assert ("never_varies_in_training", "/validation") in by_key(training)


def test_a_leak_is_one_of_all_rows() -> None:
    y = draw(60, seed=1)
    table = {"at": NumericColumn(np.arange(60.0)), "x": NumericColumn(2 * y)}
    training = open_folds({**table, "y": NumericColumn(y)}, validation={"folds": 2})
    list(train(training))
    assert [pointer for code, pointer in by_key(training) if code == "possible_leak"] == [
        "/features"
    ]


def test_a_joined_row_of_a_fold_is_of_that_fold() -> None:
    layers = [{"type": "batch_normalization"}]
    training = open_folds(
        {"y": NumericColumn(draw(ROWS, seed=1))}, batch_size=5, network={"layers": layers}
    )
    # 6, 12 and 18 training rows in the folds, 24 in the final network.
    expected = [("last_row_joined", "/validation")]
    assert [key for key in by_key(training) if key[0] == "last_row_joined"] == expected
    list(train(training))
    finding = by_key(training)["last_row_joined", "/validation"]
    assert "fold 1 of 3" in finding.detail
    assert [key for key in by_key(training) if key[0] == "last_row_joined"] == expected


def test_rows_are_counted_per_part_and_fold() -> None:
    y = NumericColumn(np.where(np.arange(ROWS) == 3, np.nan, draw(ROWS, seed=1)))
    training = open_folds({"y": y}, test={"fraction": 0.25, "order_by": None})
    folds = training.part_rows
    assert folds is not None
    assert (folds.training, folds.test, folds.left_out) == (17, 6, 1)
    assert folds.validation == max(fold.validation for fold in folds.folds)
    for fold, rows in enumerate(folds.folds):
        data = training._prepare_fold(fold)
        assert rows == FoldRows(len(data.x), data.validation_rows)
        assert data.part_rows is None
        assert data.findings == ()
    assert PartRows.from_json(training_json(folds)) == folds


def training_json(rows: PartRows) -> dict[str, Any]:
    return {**vars(rows), "folds": [vars(fold) for fold in rows.folds]}


def test_folds_are_named_from_1() -> None:
    assert name_folds([2], 5) == "fold 3 of 5"
    assert name_folds([0, 1, 4], 5) == "folds 1, 2 and 5 of 5"
    assert name_folds([0, 1], 2) == "all 2 folds"
    text = name_folds(range(12), 20)
    assert text == "folds 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more of 20"
