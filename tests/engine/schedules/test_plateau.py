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


def rates_after_epochs(
    spec: PlateauSchedule, values: Iterable[float], metric: str = "loss"
) -> list[float]:
    """Return the rate after each epoch."""
    plateau = schedule(spec)
    rates = []
    for value in values:
        plateau.on_epoch_end({metric: value})
        rates.append(plateau.rate(0))
    return rates


def test_rate_is_reduced_after_more_bad_epochs_than_patience() -> None:
    rates = rates_after_epochs(PlateauSchedule(patience=1), [3.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.0])
    assert rates == pytest.approx([0.5, 0.5, 0.5, 0.05, 0.05, 0.005, 0.005])


def test_improvement_up_to_min_delta_does_not_count() -> None:
    spec = PlateauSchedule(patience=0, min_delta=0.25)
    assert rates_after_epochs(spec, [2.0, 1.75, 1.5]) == pytest.approx([0.5, 0.05, 0.05])


def test_rate_stays_at_or_above_min_rate_and_never_rises_to_it() -> None:
    assert rates_after_epochs(PlateauSchedule(patience=0, min_rate=0.1), [1.0] * 4)[-1] == 0.1
    assert rates_after_epochs(PlateauSchedule(patience=0, min_rate=0.7), [1.0] * 4)[-1] == 0.5


def test_higher_is_better_for_accuracy() -> None:
    spec = PlateauSchedule(patience=0, metric="accuracy")
    assert rates_after_epochs(spec, [0.5, 0.6, 0.6], "accuracy") == pytest.approx([0.5, 0.5, 0.05])


def test_default_metric_is_the_validation_loss_if_recorded() -> None:
    plateau = schedule(PlateauSchedule(patience=0))
    for value in (1.0, 2.0):
        plateau.on_epoch_end({"loss": 1 / value, "validation_loss": value})
    assert plateau.rate(0) == pytest.approx(0.05)


def test_undefined_metric_does_not_count_as_improvement() -> None:
    plateau = schedule(PlateauSchedule(patience=0, metric="r2"))
    plateau.on_epoch_end({"loss": 1.0})
    assert plateau.rate(0) == pytest.approx(0.05)


def test_warm_up_epochs_do_not_count() -> None:
    plateau = schedule(PlateauSchedule(patience=0, warmup_epochs=2.0))
    rates = []
    for value in (1.0, 2.0, 3.0, 4.0):
        plateau.on_epoch_end({"loss": value})
        rates.append(plateau.rate(199))
    assert rates == pytest.approx([0.5, 0.5, 0.5, 0.05])


@given(st.lists(st.floats(0, 10), max_size=30), st.integers(0, 30))
def test_schedule_resumes_from_its_state_through_json(values: list[float], stop: int) -> None:
    spec = PlateauSchedule(patience=1)
    whole, first, second = schedule(spec), schedule(spec), schedule(spec)
    for value in values:
        whole.on_epoch_end({"loss": value})
    for value in values[:stop]:
        first.on_epoch_end({"loss": value})
    second.state = json.loads(json.dumps(first.state, allow_nan=False))
    for value in values[stop:]:
        second.on_epoch_end({"loss": value})
    assert second.state == whole.state
    assert second.rate(7) == whole.rate(7)
