"""Learning rates that stay or only fall; e is the epochs since the warm-up, E all of them."""

import math

from engine.schedules.base import Schedule, ScheduleContext, floor
from engine.specs import ExponentialSchedule, InverseSqrtSchedule, PolynomialSchedule, StepSchedule


class Constant(Schedule):
    """η₀."""

    def _rate(self, steps: int) -> float:  # noqa: ARG002 - always the same
        return self._course.learning_rate


class StepDecay(Schedule):
    """η₀ · gamma^⌊e / every_epochs⌋."""

    def __init__(self, spec: StepSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._gamma = spec.gamma
        self._steps = spec.every_epochs * course.steps_per_epoch

    def _rate(self, steps: int) -> float:
        return self._course.learning_rate * math.pow(self._gamma, floor(steps / self._steps))


class ExponentialDecay(Schedule):
    """η₀ · gamma^e."""

    def __init__(self, spec: ExponentialSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._gamma = spec.gamma

    def _rate(self, steps: int) -> float:
        course = self._course
        return course.learning_rate * math.pow(self._gamma, steps / course.steps_per_epoch)


class PolynomialDecay(Schedule):
    """end + (η₀ − end) (1 − e / E)^power."""

    def __init__(self, spec: PolynomialSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._power, self._end = spec.power, spec.end_rate

    def _rate(self, steps: int) -> float:
        left = math.pow(1 - self._course.part(steps), self._power)
        return self._end + (self._course.learning_rate - self._end) * left


class InverseSqrtDecay(Schedule):
    """η₀ / √(1 + e / decay_epochs)."""

    def __init__(self, spec: InverseSqrtSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._steps = spec.decay_epochs * course.steps_per_epoch

    def _rate(self, steps: int) -> float:
        return self._course.learning_rate / math.sqrt(1 + steps / self._steps)
