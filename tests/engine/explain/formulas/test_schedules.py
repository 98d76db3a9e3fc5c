"""Formulas of learning rates give the numbers of the engine's schedules."""

import pytest

from engine.explain.formulas import to_speech
from engine.explain.formulas.expression import Name
from engine.explain.formulas.schedules import ScheduleStep, learning_rate
from engine.schedules import build_schedule
from engine.specs import (
    ConstantSchedule,
    CosineSchedule,
    ExponentialSchedule,
    InverseSqrtSchedule,
    OneCycleSchedule,
    PlateauSchedule,
    PolynomialSchedule,
    ScheduleSpec,
    StepSchedule,
)
from tests.engine.explain.formulas.checks import check_renderings, check_value

FRACTION = Name("f")
SCHEDULES: list[ScheduleSpec] = [
    ConstantSchedule(warmup_epochs=1.5),
    StepSchedule(every_epochs=0.3, gamma=0.5),
    ExponentialSchedule(warmup_epochs=0.4),
    PolynomialSchedule(power=2.0, end_rate=0.001),
    PolynomialSchedule(warmup_epochs=0.5),
    OneCycleSchedule(warmup_epochs=0.5, rise=0.4),
    CosineSchedule(end_rate=0.002),
    CosineSchedule(cycle_epochs=0.7),
    CosineSchedule(cycle_epochs=0.7, cycle_growth=1.5),
    OneCycleSchedule(),
    InverseSqrtSchedule(decay_epochs=2.0),
    PlateauSchedule(min_rate=0.001),
]


@pytest.mark.parametrize("spec", SCHEDULES, ids=repr)
def test_every_step(spec: ScheduleSpec) -> None:
    schedule = build_schedule(spec, 0.02, 10, 3)
    if isinstance(spec, PlateauSchedule):
        schedule.state["reductions"] = 2
    for step in range(30):
        position = ScheduleStep(0.02, 10, 3, step, spec.warmup_epochs, schedule.state)
        formula = learning_rate(spec, position)
        check_value(formula, schedule.rate(step), scale=0.1)
        fractions = [part.value for part in formula.where if part.left.name == FRACTION]
        assert all(0 <= fraction <= 1 for fraction in fractions)
        if step in {0, 13, 29}:
            check_renderings(formula)


@pytest.mark.parametrize("spec", SCHEDULES, ids=repr)
def test_the_factor_of_restores_multiplies_every_rate(spec: ScheduleSpec) -> None:
    schedule = build_schedule(spec, 100.0, 10, 3)
    schedule.state = {**schedule.state, "scale": 1e-4}
    for step in (0, 13, 29):
        position = ScheduleStep(100.0, 10, 3, step, spec.warmup_epochs, schedule.state)
        formula = learning_rate(spec, position)
        check_value(formula, schedule.rate(step), scale=0.01)
        check_renderings(formula)
        assert "factor of the restores" in to_speech(formula)
