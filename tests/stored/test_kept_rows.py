"""Rows stored by every version can be read, and the current version stores what it did before."""

import json
from typing import Any

import numpy as np
import pytest

from engine.predictor import Predictor
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import dump_preprocessing, read_preprocessing
from engine.stored.specs import dump_spec, read_spec
from engine.stored.training_states import upgrade_training_state
from engine.stored.versions import SPEC_VERSION, UPGRADES
from store.datasets.datasets import dump_column, read_column
from tests.stored.coverage import find_uses, list_uses
from tests.stored.examples import EXAMPLES
from tests.stored.rows import DATASET, folder_of, open_training, read_rows
from tests.stored.table import TABLE

VERSIONS = range(1, SPEC_VERSION + 1)
NEW_VERSION = "a stored value changed: raise SPEC_VERSION, see docs/decisions/0027"


def names_of(version: int) -> list[str]:
    files = folder_of(version).glob("*.json")
    return sorted(file.stem for file in files if file.name != DATASET)


ROWS = [(version, name) for version in VERSIONS for name in names_of(version)]
CURRENT = [name for version, name in ROWS if version == SPEC_VERSION]


def columns_of(version: int) -> list[dict[str, Any]]:
    text = (folder_of(version) / DATASET).read_text(encoding="utf-8")
    columns: list[dict[str, Any]] = json.loads(text)["columns"]
    return columns


def test_every_version_has_its_rows_and_every_earlier_one_its_upgrade() -> None:
    missing = [version for version in VERSIONS if not names_of(version)]
    assert not missing, "run: python -m tests.stored.write"
    assert UPGRADES.keys() == set(range(1, SPEC_VERSION))


def test_every_example_is_kept() -> None:
    assert sorted(EXAMPLES) == CURRENT, "run: python -m tests.stored.write"


@pytest.mark.parametrize(("version", "name"), ROWS)
def test_kept_checkpoint_is_restored(version: int, name: str) -> None:
    rows = read_rows(version, name)
    state = upgrade_training_state(rows.state, version)
    training = open_training(
        read_spec(rows.spec, version), read_preprocessing(rows.preprocessing, version)
    )
    training.restore(state)
    restored = training.state()
    if version == SPEC_VERSION:
        assert restored.numbers == state.numbers, NEW_VERSION
    assert restored.arrays.keys() == state.arrays.keys()
    for key, array in state.arrays.items():
        np.testing.assert_array_equal(restored.arrays[key], array)


@pytest.mark.parametrize(("version", "name"), ROWS)
def test_kept_model_predicts(version: int, name: str) -> None:
    rows = read_rows(version, name)
    predictor = Predictor(
        read_spec(rows.spec, version),
        read_preprocessing(rows.preprocessing, version),
        rows.weights,
    )
    values = predictor.answer(TABLE.columns).values
    assert np.isfinite(values).all()
    assert len(values) == TABLE.rows


@pytest.mark.parametrize("version", VERSIONS)
def test_kept_columns_of_a_dataset_are_read(version: int) -> None:
    kinds = {read_column(values, version).kind for values in columns_of(version)}
    assert kinds == {"numeric", "time", "boolean", "categorical", "text"}


@pytest.mark.parametrize("name", CURRENT)
def test_current_version_stores_the_same_values(name: str) -> None:
    rows = read_rows(SPEC_VERSION, name)
    spec = read_spec(rows.spec, SPEC_VERSION)
    assert dump_spec(spec) == rows.spec, NEW_VERSION
    preprocessing = read_preprocessing(rows.preprocessing, SPEC_VERSION)
    assert dump_preprocessing(preprocessing) == rows.preprocessing, NEW_VERSION


def test_current_version_stores_the_same_columns() -> None:
    columns = columns_of(SPEC_VERSION)
    stored = [dump_column(read_column(values, SPEC_VERSION)) for values in columns]
    assert stored == columns, NEW_VERSION


def test_kept_rows_use_every_field_and_option_of_a_spec() -> None:
    specs = [read_spec(read_rows(SPEC_VERSION, name).spec, SPEC_VERSION) for name in CURRENT]
    unused = list_uses(ResolvedSpec) - {use for spec in specs for use in find_uses(spec)}
    assert not unused, f"add an example; {NEW_VERSION}"


def test_kept_rows_use_every_field_of_fitted_preprocessing() -> None:
    fitted = [
        read_preprocessing(read_rows(SPEC_VERSION, name).preprocessing, SPEC_VERSION)
        for name in CURRENT
    ]
    unused = list_uses(Preprocessing) - {use for one in fitted for use in find_uses(one)}
    assert not unused, f"add an example; {NEW_VERSION}"
