"""Readers of stored values: upgrades in order, and refusal of later versions."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from engine.errors import LaterVersionError
from engine.resolution.resolve import resolve
from engine.specs import TrainingSpec
from engine.stored import versions
from engine.stored.columns import upgrade_column
from engine.stored.preprocessing import dump_preprocessing, read_preprocessing
from engine.stored.specs import dump_spec, read_spec, upgrade_spec
from engine.stored.training_states import upgrade_training_state
from engine.stored.versions import Upgrade
from engine.training.loop import TrainingState
from tests.engine.examples import describe, flower_columns
from tests.stored.rows import read_rows

READERS: list[Callable[[int], object]] = [
    lambda version: read_spec({}, version),
    lambda version: read_preprocessing({}, version),
    lambda version: upgrade_training_state(TrainingState({}, {}), version),
    lambda version: upgrade_column({}, version),
]


def rename(old: str, new: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def renamed(values: dict[str, Any]) -> dict[str, Any]:
        return {new if key == old else key: value for key, value in values.items()}

    return renamed


def with_arrays_renamed(old: str, new: str) -> Callable[[TrainingState], TrainingState]:
    def renamed(state: TrainingState) -> TrainingState:
        return TrainingState(rename(old, new)(dict(state.arrays)), rename(old, new)(state.numbers))

    return renamed


@pytest.fixture
def version_3(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this code be version 3, which has renamed fields twice."""
    monkeypatch.setattr(versions, "SPEC_VERSION", 3)
    first = Upgrade(spec=rename("random_seed", "rng"), preprocessing=rename("wanted", "target"))
    second = Upgrade(
        spec=rename("rng", "seed"),
        training_state=with_arrays_renamed("weights", "parameters"),
        column=rename("low", "minimum"),
    )
    monkeypatch.setattr(versions, "UPGRADES", {1: first, 2: second})


@pytest.mark.usefixtures("version_3")
@pytest.mark.parametrize(("version", "name"), [(1, "random_seed"), (2, "rng"), (3, "seed")])
def test_renamed_field_of_a_spec_is_read(version: int, name: str) -> None:
    stored = read_rows(1, "classes").spec
    old = rename("seed", name)({**stored, "seed": 41})
    assert read_spec(old, version).seed == 41
    assert upgrade_spec(old, version) == {**stored, "seed": 41}
    assert name in old


@pytest.mark.usefixtures("version_3")
def test_renamed_fields_of_the_other_kinds_are_read() -> None:
    rows = read_rows(1, "classes")
    old = rename("target", "wanted")(rows.preprocessing)
    assert dump_preprocessing(read_preprocessing(old, 1)) == rows.preprocessing
    state = TrainingState({"weights": np.zeros(3)}, {"epoch": 1})
    assert upgrade_training_state(state, 1).arrays.keys() == {"parameters"}
    assert upgrade_column({"low": 1.0}, 1) == {"minimum": 1.0}


def test_dumped_spec_is_read_unchanged() -> None:
    asked = TrainingSpec.model_validate({"target": "kind"})
    spec = resolve(asked, describe(flower_columns())).spec
    assert read_spec(dump_spec(spec), versions.SPEC_VERSION) == spec


@pytest.mark.parametrize("read", READERS)
def test_later_version_is_refused_unread(read: Callable[[int], object]) -> None:
    with pytest.raises(LaterVersionError) as refused:
        read(2)
    assert str(refused.value).endswith(
        "has version 2; this version of backpropd reads versions up to 1: upgrade backpropd"
    )
    assert "\n" not in str(refused.value)
