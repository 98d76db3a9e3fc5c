"""From a schedule's spec to the object that tells the rates."""

from typing import assert_never

from engine.schedules.base import Schedule, ScheduleContext
from engine.schedules.cosines import OneCycle, build_cosine
from engine.schedules.decays import (
    Constant,
    ExponentialDecay,
    InverseSqrtDecay,
    PolynomialDecay,
    StepDecay,
)
from engine.schedules.plateau import Plateau
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


def build_schedule(
    spec: ScheduleSpec, learning_rate: float, steps_per_epoch: int, epochs: int
) -> Schedule:
    """The schedule of that spec, for so many epochs."""
    # A warm-up may last longer than the training; then the schedule never begins.
    warmup_steps = round(spec.warmup_epochs * steps_per_epoch)
    steps = max(1, epochs * steps_per_epoch - warmup_steps)
    return _build(spec, ScheduleContext(learning_rate, steps_per_epoch, warmup_steps, steps))


def _build(spec: ScheduleSpec, course: ScheduleContext) -> Schedule:  # noqa: PLR0911 - one case a kind
    match spec:
        case ConstantSchedule():
            return Constant(course)
        case StepSchedule():
            return StepDecay(spec, course)
        case ExponentialSchedule():
            return ExponentialDecay(spec, course)
        case PolynomialSchedule():
            return PolynomialDecay(spec, course)
        case CosineSchedule():
            return build_cosine(spec, course)
        case OneCycleSchedule():
            return OneCycle(spec, course)
        case InverseSqrtSchedule():
            return InverseSqrtDecay(spec, course)
        case PlateauSchedule():
            return Plateau(spec, course)
        case _:
            assert_never(spec)
