"""Constant and monotonically decaying schedules; e of E epochs have passed since the warm-up."""

import math

from engine.schedules.base import Schedule, ScheduleContext, floor
from engine.specs import ExponentialSchedule, InverseSqrtSchedule, PolynomialSchedule, StepSchedule


class Constant(Schedule):
    """η₀."""

    def _rate(self, steps: int) -> float:  # noqa: ARG002 - always the same
        return self._context.learning_rate


class StepDecay(Schedule):
    """η₀ · gamma^⌊e / every_epochs⌋."""

    def __init__(self, spec: StepSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._gamma = spec.gamma
        self._steps = spec.every_epochs * context.steps_per_epoch

    def _rate(self, steps: int) -> float:
        return self._context.learning_rate * math.pow(self._gamma, floor(steps / self._steps))


class ExponentialDecay(Schedule):
    """η₀ · gamma^e."""

    def __init__(self, spec: ExponentialSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._gamma = spec.gamma

    def _rate(self, steps: int) -> float:
        context = self._context
        return context.learning_rate * math.pow(self._gamma, steps / context.steps_per_epoch)


class PolynomialDecay(Schedule):
    """end + (η₀ − end) (1 − e / E)^power."""

    def __init__(self, spec: PolynomialSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._power, self._end = spec.power, spec.end_rate

    def _rate(self, steps: int) -> float:
        remaining = math.pow(1 - self._context.progress(steps), self._power)
        return self._end + (self._context.learning_rate - self._end) * remaining


class InverseSqrtDecay(Schedule):
    """η₀ / √(1 + e / decay_epochs)."""

    def __init__(self, spec: InverseSqrtSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._steps = spec.decay_epochs * context.steps_per_epoch

    def _rate(self, steps: int) -> float:
        return self._context.learning_rate / math.sqrt(1 + steps / self._steps)
