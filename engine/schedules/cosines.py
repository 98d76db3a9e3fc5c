"""Learning rates that follow half a cosine, once, again and again, or up and down."""

import math

from engine.schedules.base import Schedule, ScheduleContext, floor
from engine.specs import CosineSchedule, OneCycleSchedule


def build_cosine(spec: CosineSchedule, course: ScheduleContext) -> Schedule:
    """One fall, or cycles of it."""
    if spec.cycle_epochs is None:
        return CosineDecay(spec, course)
    return CosineRestarts(spec, spec.cycle_epochs, course)


class CosineDecay(Schedule):
    """end + ½ (η₀ − end) (1 + cos(π e / E)) (Loshchilov and Hutter 2017)."""

    def __init__(self, spec: CosineSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._end = spec.end_rate

    def _rate(self, steps: int) -> float:
        return _cosine(self._course.learning_rate, self._end, self._course.part(steps))


class CosineRestarts(Schedule):
    """end + ½ (η₀ − end) (1 + cos(π c / T)), c epochs into a cycle of T (as CosineDecay).

    The first cycle has T = cycle_epochs, each other cycle_growth times the T of the one before.
    """

    def __init__(self, spec: CosineSchedule, cycle_epochs: float, course: ScheduleContext) -> None:
        super().__init__(course)
        self._end = spec.end_rate
        self._steps = cycle_epochs * course.steps_per_epoch
        self._growth = spec.cycle_growth

    def _rate(self, steps: int) -> float:
        return _cosine(self._course.learning_rate, self._end, self._part(steps / self._steps))

    def _part(self, cycles: float) -> float:
        """How much of its cycle is over, after so many times the length of the first."""
        if self._growth == 1:
            return max(0.0, cycles - floor(cycles))
        # n cycles are as long as (growthⁿ − 1) / (growth − 1) of the first.
        excess, log_growth = self._growth - 1, math.log(self._growth)
        n = floor(math.log1p(cycles * excess) / log_growth)
        start, length = math.expm1(n * log_growth) / excess, self._growth**n
        return min(1.0, max(0.0, (cycles - start) / length))


class OneCycle(Schedule):
    """From η₀ / start_divisor up to η₀, then down to η₀ / start_divisor / end_divisor.

    Up in the first rise · N − 1 of N steps, down in the others, both on half a cosine (Smith and
    Topin 2019, as PyTorch writes it).
    """

    def __init__(self, spec: OneCycleSchedule, course: ScheduleContext) -> None:
        super().__init__(course)
        self._start = course.learning_rate / spec.start_divisor
        self._end = self._start / spec.end_divisor
        self._top = spec.rise * course.steps - 1
        self._last = course.steps - 1

    def _rate(self, steps: int) -> float:
        top, peak = self._top, self._course.learning_rate
        if steps < top:
            return _cosine(self._start, peak, steps / top)
        return _cosine(peak, self._end, min(1.0, (steps - top) / (self._last - top)))


def _cosine(start: float, end: float, part: float) -> float:
    """From start, at part 0, to end, at part 1."""
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2
