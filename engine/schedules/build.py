"""Schedule factory."""

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
    """Build a schedule from its spec, for a training of `epochs` epochs."""
    # A warm-up may be longer than the training; the schedule then never begins.
    warmup_steps = round(spec.warmup_epochs * steps_per_epoch)
    steps = max(1, epochs * steps_per_epoch - warmup_steps)
    return _build(spec, ScheduleContext(learning_rate, steps_per_epoch, warmup_steps, steps))


def _build(spec: ScheduleSpec, context: ScheduleContext) -> Schedule:  # noqa: PLR0911 - one case per kind
    match spec:
        case ConstantSchedule():
            return Constant(context)
        case StepSchedule():
            return StepDecay(spec, context)
        case ExponentialSchedule():
            return ExponentialDecay(spec, context)
        case PolynomialSchedule():
            return PolynomialDecay(spec, context)
        case CosineSchedule():
            return build_cosine(spec, context)
        case OneCycleSchedule():
            return OneCycle(spec, context)
        case InverseSqrtSchedule():
            return InverseSqrtDecay(spec, context)
        case PlateauSchedule():
            return Plateau(spec, context)
        case _:
            assert_never(spec)
