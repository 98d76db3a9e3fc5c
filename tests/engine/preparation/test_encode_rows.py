"""Given rows are encoded as those that were prepared for training, bit for bit."""

from typing import Any

import numpy as np
import pytest

from engine.data.table import Column, Level, MemoryTable, take_rows
from engine.errors import DataError
from engine.preparation.encode_rows import encode_rows
from engine.preparation.given_targets import read_given_targets
from engine.preparation.split_table import find_training_rows
from engine.specs import TrainingSpec
from tests.engine.examples import array, draw, flower_columns, levels, numbers, prepared, truths

ROWS = 40
COLUMNS: dict[str, Column] = {
    "amount": numbers(*np.exp(3 * draw(ROWS, seed=1)).tolist()[1:], None),
    "kind": levels(*[None if n % 7 == 3 else "abcd"[n % 4] for n in range(ROWS)]),
    "when": numbers(*(1e9 + 1e7 * draw(ROWS, seed=2)).tolist()),
    "constant": numbers(*[5.0] * ROWS),
    "y": numbers(*draw(ROWS, seed=3).tolist()),
    "z": numbers(*draw(ROWS, seed=4).tolist()),
    "class": levels(*["rst"[n % 3] for n in range(ROWS)]),
    "whole": numbers(*[n % 3 for n in range(ROWS)]),
    "sick": truths(*[n % 3 == 0 for n in range(ROWS)]),
    "old": truths(*[n % 5 == 0 for n in range(ROWS)]),
}
FEATURES = ["amount", "kind", "when", "constant"]
BASE: dict[str, Any] = {
    "features": FEATURES,
    "preprocessing": {"columns": {"amount": {"numeric": "log1p"}}},
}
SPECS: dict[str, dict[str, Any]] = {
    "number": {"target": "y"},
    "numbers": {"target": ["y", "z"], "dtype": "float64"},
    "classes": {"target": "class"},
    "one-hot": {"target": "class", "loss": "mean_squared_error"},
    "whole": {"target": "whole", "task": "classification"},
    "two": {"target": "sick"},
    "labels": {"target": ["sick", "old"]},
    "inputs": {"task": "reconstruction", "target": None},
    "embedded": {"target": "y", "network": {"layers": [{"type": "embedding"}]}},
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_rows_are_encoded_as_in_the_preparation(spec: dict[str, Any]) -> None:
    resolved, data = prepared(TrainingSpec.model_validate({**BASE, **spec}), COLUMNS)
    rows = find_training_rows(resolved, MemoryTable(COLUMNS), None, None)
    assert len(rows) == len(data.x) < ROWS
    for positions in ([0], [5, 2, 2, 17], list(range(len(rows)))):
        given = {name: take_rows(column, rows[positions]) for name, column in COLUMNS.items()}
        batch = encode_rows(resolved, data.preprocessing, given)
        for found, written in ((batch.x, array(data.x)), (batch.y, array(data.y))):
            assert (found.dtype, found.shape[1:]) == (written.dtype, written.shape[1:])
            assert found.tobytes() == written[positions].tobytes()
        assert (batch.y is batch.x) == (data.y is data.x)
        assert batch.weights is None


def test_row_without_a_target_is_refused() -> None:
    resolved, data = prepared(TrainingSpec(target="kind"), COLUMNS)
    with pytest.raises(DataError, match="row 3 of the given rows has no value in the target kind"):
        encode_rows(resolved, data.preprocessing, COLUMNS)


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())
def test_given_targets_are_read_as_the_dataset_is(spec: dict[str, Any]) -> None:
    resolved, data = prepared(TrainingSpec.model_validate({**BASE, **spec}), COLUMNS)
    given: dict[str, Level | None] = {
        "y": 0.5,
        "z": "-1.5",
        "class": "s",
        "whole": "2",
        "sick": "false",
        "old": True,
    }
    target, words = data.preprocessing.target, data.preprocessing.words
    columns: dict[str, Column] = {name: take_rows(COLUMNS[name], slice(3, 4)) for name in FEATURES}
    columns |= read_given_targets(target, words, [given])
    one: dict[str, Column] = {
        "y": numbers(0.5),
        "z": numbers(-1.5),
        "class": levels("s"),
        "whole": numbers(2),
    }
    one |= {"sick": truths(False), "old": truths(True)}
    batch = encode_rows(resolved, data.preprocessing, columns)
    stored = encode_rows(resolved, data.preprocessing, columns | one)
    assert batch.y.tobytes() == stored.y.tobytes()
    assert batch.x.tobytes() == stored.x.tobytes()


@pytest.mark.parametrize(
    ("target", "value", "message"),
    [
        ("kind", "tulip", "has no class 'tulip'; its classes are 'aster', 'iris', 'rose'"),
        ("kind", "rosé", "did you mean 'rose'"),
        ("kind", None, "no value of the target 'kind'"),
        ("width", "wide", "target 'width'"),
        ("width", None, "no value of the target 'width'"),
    ],
)
def test_targets_that_cannot_be_read_are_refused(target: str, value: Any, message: str) -> None:
    _, data = prepared(TrainingSpec(target=target), flower_columns())
    with pytest.raises(DataError, match=message):
        read_given_targets(data.preprocessing.target, data.preprocessing.words, [{target: value}])
