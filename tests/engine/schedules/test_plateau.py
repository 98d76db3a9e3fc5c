import json
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.schedules import build_schedule
from engine.schedules.base import Schedule
from engine.specs import PlateauSchedule


def schedule(spec: PlateauSchedule) -> Schedule:
    return build_schedule(spec, 0.5, steps_per_epoch=10, epochs=20)


def noting(spec: PlateauSchedule, values: Iterable[float], metric: str = "loss") -> list[float]:
    """The rate after each epoch."""
    made = schedule(spec)
    found = []
    for value in values:
        made.note_epoch({metric: value})
        found.append(made.rate(0))
    return found


def test_the_rate_falls_after_more_bad_epochs_than_its_patience() -> None:
    found = noting(PlateauSchedule(patience=1), [3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0])
    assert found == pytest.approx([0.5, 0.5, 0.5, 0.05, 0.05, 0.005, 0.005])


def test_a_gain_up_to_min_delta_is_none() -> None:
    spec = PlateauSchedule(patience=0, min_delta=0.25)
    assert noting(spec, [2.0, 1.75, 1.5]) == pytest.approx([0.5, 0.05, 0.05])


def test_the_rate_never_goes_below_min_rate_nor_up_to_it() -> None:
    assert noting(PlateauSchedule(patience=0, min_rate=0.1), [1.0] * 4)[-1] == 0.1
    assert noting(PlateauSchedule(patience=0, min_rate=0.7), [1.0] * 4)[-1] == 0.5


def test_some_metrics_get_better_by_rising() -> None:
    spec = PlateauSchedule(patience=0, metric="accuracy")
    assert noting(spec, [0.5, 0.6, 0.6], "accuracy") == pytest.approx([0.5, 0.5, 0.05])


def test_the_metric_is_the_validation_loss_if_there_is_one() -> None:
    made = schedule(PlateauSchedule(patience=0))
    for value in (1.0, 2.0):
        made.note_epoch({"loss": 1 / value, "validation_loss": value})
    assert made.rate(0) == pytest.approx(0.05)


def test_an_undefined_metric_is_no_gain() -> None:
    made = schedule(PlateauSchedule(patience=0, metric="r2"))
    made.note_epoch({"loss": 1.0})
    assert made.rate(0) == pytest.approx(0.05)


def test_epochs_of_the_warm_up_do_not_count() -> None:
    made = schedule(PlateauSchedule(patience=0, warmup_epochs=2.0))
    found = []
    for value in (1.0, 2.0, 3.0, 4.0):
        made.note_epoch({"loss": value})
        found.append(made.rate(199))
    assert found == pytest.approx([0.5, 0.5, 0.5, 0.05])


@given(st.lists(st.floats(0, 10), max_size=30), st.integers(0, 30))
def test_it_goes_on_from_its_state_through_json(values: list[float], stop: int) -> None:
    spec = PlateauSchedule(patience=1)
    whole, first, second = schedule(spec), schedule(spec), schedule(spec)
    for value in values:
        whole.note_epoch({"loss": value})
    for value in values[:stop]:
        first.note_epoch({"loss": value})
    second.state = json.loads(json.dumps(first.state, allow_nan=False))
    for value in values[stop:]:
        second.note_epoch({"loss": value})
    assert second.state == whole.state
    assert second.rate(7) == whole.rate(7)
