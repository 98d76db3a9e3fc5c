"""Inputs that never vary in the training rows reach no weight that was not trained."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import pytest

from engine.data.matrix_columns import MatrixColumns
from engine.data.table import (
    Column,
    ColumnKind,
    ColumnSchema,
    MemoryTable,
    NumericColumn,
    TableSchema,
    take_rows,
)
from engine.predictor import Predictor
from engine.preparation.prepare import prepare
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.column_plan import Encoding, inputs_of
from engine.preprocessing.preprocessing import Preprocessing
from engine.resolution.resolve import resolve
from engine.specs import NumericScaling, ResolvedSpec, TimePart, TrainingSpec
from engine.training.loop import train
from engine.training.training import Training
from tests.engine.examples import allocate_elsewhere, array, draw, levels, numbers, truths

ROWS = 12
Value = float | bool | str | None


@dataclass(frozen=True)
class Case:
    """A column that has one value in all training rows, and other values later.

    Attributes:
        kind: kind of the column.
        trained: its value in the training rows.
        others: values that change one of its inputs.
        options: preprocessing of the column.
        encoding: encoding of all categorical columns.
    """

    kind: ColumnKind
    trained: Value
    others: tuple[Value, ...]
    options: dict[str, Any] = field(default_factory=dict)
    encoding: str = "one_hot"

    @property
    def name(self) -> str:
        options = " ".join(f"{k}={v}" for k, v in self.options.items())
        return f"{self.kind} {self.encoding} {self.trained} {options}"

    def column(self, *values: Value) -> Column:
        match self.kind:
            case "numeric" | "time":
                return numbers(*(None if v is None else float(v) for v in values))
            case "boolean":
                return truths(*(None if v is None else bool(v) for v in values))
            case _:
                return levels(*(None if v is None else str(v) for v in values))


def constant(value: float) -> dict[str, Any]:
    return {"missing": "constant", "fill_value": value}


def cases() -> Iterator[Case]:
    for indicator in (False, True):
        own: dict[str, Any] = {"missing_indicator": indicator}
        for scaling in get_args(NumericScaling):
            options = own | {"numeric": scaling} | constant(7.0)
            yield Case("numeric", 5.0, (7.0, None, -1e30, 5.0001), options)
            yield Case("numeric", None, (1000.0, -3.0), own | {"numeric": scaling})
        for truth in (True, False):
            yield Case("boolean", truth, (not truth, None), own | constant(0.5))
        yield Case("boolean", None, (True,), own)
        for encoding in ("one_hot", "ordinal"):
            stated = own | {"levels": ["a", "b", "c"]}
            yield Case("categorical", "a", ("b", "c"), stated, encoding)
            yield Case("categorical", None, ("b", "c"), stated, encoding)
        yield Case("categorical", "a", ("b", None), own)
        yield Case("text", "red car", ("blue", "red", None), own | {"hash_buckets": 8})
        yield Case("text", None, ("blue",), own | {"hash_buckets": 8})
        for part in get_args(TimePart):
            yield Case("time", 1.6e9, (1.7e9, 1.2345e9), own | {"time": [part]})
        every = own | {"time": list(get_args(TimePart))}
        yield Case("time", 1.6e9, (1.7e9, None, 3e9), every | constant(9e8))
        yield Case("time", None, (1.7e9, 3.0e8), every)
    yield Case("categorical", "a", ("b", None), {}, "embedding")
    yield Case("categorical", "a", ("b", "c", None), {"levels": ["a", "b", "c"]}, "embedding")
    yield Case("categorical", None, ("b",), {"levels": ["a", "b"]}, "embedding")


CASES = list(cases())


def resolved(case: Case, **options: Any) -> ResolvedSpec:
    embedding = [{"type": "embedding"}] if case.encoding == "embedding" else []
    asked = {
        "target": "y",
        "task": "regression",
        "features": ["x", "v"],
        "epochs": 2,
        "validation": {"column": "part", "values": ["1"]},
        "network": {"layers": [*embedding, {"type": "dense", "units": 3}]},
        "preprocessing": {"columns": {"v": case.options}}
        | ({} if embedding else {"categorical": case.encoding}),
    }
    schema = TableSchema(
        2 * ROWS,
        (
            ColumnSchema("x", "numeric", 0, ROWS),
            ColumnSchema("v", case.kind, 1, 9),
            ColumnSchema("y", "numeric", 0, ROWS),
            ColumnSchema("part", "numeric", 0, 2, integral=True),
        ),
    )
    return resolve(TrainingSpec.model_validate(asked | options), schema).spec


def table(case: Case) -> MemoryTable:
    """Return rows to train on and as many validation rows, in which the column varies."""
    others = [case.others[row % len(case.others)] for row in range(ROWS)]
    return MemoryTable(
        {
            "x": NumericColumn(draw(2 * ROWS)),
            "v": case.column(*[case.trained] * ROWS, *others),
            "y": NumericColumn(draw(2 * ROWS, seed=1)),
            "part": numbers(*[0] * ROWS, *[1] * ROWS),
        },
        chunk_rows=5,
    )


def train_once(spec: ResolvedSpec, data: PreparedData, weights: Any) -> Predictor:
    training = Training(spec, data, weights)
    for _ in train(training):
        pass
    return Predictor(spec, data.preprocessing, training.weights())


def predict(predictor: Predictor, case: Case, value: Value) -> bytes:
    """Return the prediction of a single row in bits."""
    return predictor.predict({"x": numbers(0.5), "v": case.column(value)}).tobytes()


def shaken(weights: dict[str, Any], data: PreparedData) -> dict[str, Any]:
    """Return the weights with others for each input and code that is held at 0 or replaced."""
    changed = {name: array.copy() for name, array in weights.items()}
    held = data.preprocessing.held
    for codes in held.codes:
        changed[f"layers.0.weight_{codes.input}"][list(codes.codes)] += 100
    at_zero = [i for i, value in zip(held.inputs, held.values, strict=True) if value == 0]
    if at_zero and "layers.0.weight" in changed:
        changed["layers.0.weight"][at_zero] += 100
    return changed


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_value_that_training_did_not_have_changes_no_bit(case: Case) -> None:
    spec = resolved(case)
    data = prepare(spec, table(case))
    start = Training(spec, data).weights()
    predictor = train_once(spec, data, start)
    expected = predict(predictor, case, case.trained)
    for value in case.others:
        assert predict(predictor, case, value) == expected, value
    other = train_once(spec, data, shaken(start, data))
    assert predict(other, case, case.others[0]) == expected
    assert_flagged(case, data.preprocessing)
    # The validation rows, all of which have other values.
    held = prepare(spec, MemoryTable(dict(table(case).columns) | {"v": as_trained(case)}))
    assert array(data.x_validation).tobytes() == array(held.x_validation).tobytes()


def assert_flagged(case: Case, preprocessing: Preprocessing) -> None:
    column = case.column(case.trained, *case.others)
    x = NumericColumn(np.zeros(1 + len(case.others)))
    flags = preprocessing.flags({"x": x, "v": column}, np.dtype(np.float32))
    assert flags.untrained.tolist() == [[False, False], *[[False, True]] * len(case.others)]
    for value in case.others:
        own = case.column(value)
        matrix, others = np.zeros((1, 1)), {"v": own}
        if isinstance(own, NumericColumn):
            matrix, others = np.array([[0, own.values[0]]]), {}
        names = ("x", "v")[: matrix.shape[1]]
        assert not preprocessing.are_usual(MatrixColumns(names, matrix, others)), value


def as_trained(case: Case) -> Column:
    return case.column(*[case.trained] * 2 * ROWS)


def test_cases_have_every_kind_scaling_and_encoding() -> None:
    assert {case.kind for case in CASES} == set(get_args(ColumnKind))
    some = CASES[len(CASES) // 2 :]
    fitted = [prepare(resolved(case), table(case)).preprocessing.columns[1] for case in some]
    assert {inputs_of(column).encoding for column in fitted} == set(get_args(Encoding))


NUMERIC = Case("numeric", 5.0, (7.0,), {"numeric": "none"})


def test_arrays_in_files_are_held_alike() -> None:
    spec = resolved(NUMERIC)
    whole = prepare(spec, table(NUMERIC))
    found = prepare(spec, table(NUMERIC), allocate=allocate_elsewhere)
    assert found.x_validation is not None
    assert array(whole.x_validation)[:, 1].tolist() == [5.0] * ROWS
    np.testing.assert_array_equal(found.x_validation[0:ROWS], whole.x_validation)
    assert found.preprocessing == whole.preprocessing


def test_rows_of_weight_0_train_nothing() -> None:
    columns = dict(table(NUMERIC).columns)
    columns["v"] = numbers(*[7] * 3, *[5] * (2 * ROWS - 3))
    columns["w"] = numbers(*[0] * 3, *[1] * (2 * ROWS - 3))
    spec = resolved(NUMERIC).model_copy(update={"sample_weight": "w"})
    data = prepare(spec, MemoryTable(columns))
    assert data.preprocessing.held.inputs == (1,)
    assert array(data.x)[:, 1].tolist() == [5] * ROWS


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((5, 5, 5), (5, 5, 5), 5),  # held before and not varying now
        ((5, 5, 5), (6, 6, 6), 5),  # another value, but only one
        ((5, 5, 5), (5, 6, 7), None),  # varies now
        ((5, 6, 7), (5, 5, 5), None),  # was trained before
    ],
)
def test_input_stays_held_in_further_training_only_if_it_was_held(
    before: tuple[float, ...], now: tuple[float, ...], expected: float | None
) -> None:
    spec = resolved(NUMERIC, validation=None)
    fitted = prepare(spec, further(before)).preprocessing
    data = prepare(spec, further(now), fitted)
    if expected is None:
        assert not data.preprocessing.held
        assert array(data.x)[:, 1].tolist() == [*now]
    else:
        assert data.preprocessing.held == fitted.held
        assert array(data.x)[:3, 1].tolist() == [expected] * 3


def further(values: tuple[float, ...]) -> MemoryTable:
    columns = {name: take_rows(c, slice(3)) for name, c in table(NUMERIC).columns.items()}
    return MemoryTable(columns | {"v": numbers(*values)})


CODES = Case("categorical", "a", ("b",), {"levels": ["a", "b", "c"]}, "embedding")


def test_codes_are_released_one_by_one_in_further_training() -> None:
    spec = resolved(CODES, validation=None)
    columns = {name: take_rows(c, slice(3)) for name, c in table(CODES).columns.items()}
    fitted = prepare(spec, MemoryTable(columns | {"v": levels("a", "b", "b")})).preprocessing
    (held,) = fitted.held.codes
    assert (held.codes, held.substitute) == ((0, 3), 2)
    data = prepare(spec, MemoryTable(columns | {"v": levels("c", "c", "c")}), fitted)
    (held,) = data.preprocessing.held.codes
    assert (held.codes, held.substitute) == ((0,), 2)
    assert array(data.x)[:, held.input].tolist() == [3] * 3


def test_each_fold_holds_its_own_inputs() -> None:
    spec = resolved(NUMERIC, validation={"folds": 2})
    columns = dict(table(NUMERIC).columns) | {"v": numbers(1, *[0] * (2 * ROWS - 1))}
    folds = [prepare(spec, MemoryTable(columns), fold=fold) for fold in (0, 1)]
    assert sorted(len(data.preprocessing.held) for data in folds) == [0, 1]
    assert not prepare(spec, MemoryTable(columns)).preprocessing.held
