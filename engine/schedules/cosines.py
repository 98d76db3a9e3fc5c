"""Cosine schedules: decay, warm restarts and one-cycle."""

import math

from engine.schedules.base import Schedule, ScheduleContext, floor
from engine.specs import CosineSchedule, OneCycleSchedule


def build_cosine(spec: CosineSchedule, context: ScheduleContext) -> Schedule:
    """Build a single cosine decay, or one with restarts."""
    if spec.cycle_epochs is None:
        return CosineDecay(spec, context)
    return CosineRestarts(spec, spec.cycle_epochs, context)


class CosineDecay(Schedule):
    """end + ½ (η₀ − end) (1 + cos(π e / E)) (Loshchilov and Hutter 2017)."""

    def __init__(self, spec: CosineSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._end = spec.end_rate

    def _rate(self, steps: int) -> float:
        return _cosine(self._context.learning_rate, self._end, self._context.progress(steps))


class CosineRestarts(Schedule):
    """end + ½ (η₀ − end) (1 + cos(π c / T)), c epochs into a cycle of T epochs.

    T is cycle_epochs in the first cycle, and cycle_growth times the previous T in each later one.
    """

    def __init__(self, spec: CosineSchedule, cycle_epochs: float, context: ScheduleContext) -> None:
        super().__init__(context)
        self._end = spec.end_rate
        self._steps = cycle_epochs * context.steps_per_epoch
        self._growth = spec.cycle_growth

    def _rate(self, steps: int) -> float:
        return _cosine(
            self._context.learning_rate, self._end, self._cycle_fraction(steps / self._steps)
        )

    def _cycle_fraction(self, cycles: float) -> float:
        """Return the completed fraction of the cycle; `cycles` is in lengths of the first one."""
        if self._growth == 1:
            return max(0.0, cycles - floor(cycles))
        # n cycles have the length of (growthⁿ − 1) / (growth − 1) first cycles.
        excess, log_growth = self._growth - 1, math.log(self._growth)
        n = floor(math.log1p(cycles * excess) / log_growth)
        start, length = math.expm1(n * log_growth) / excess, self._growth**n
        return min(1.0, max(0.0, (cycles - start) / length))


class OneCycle(Schedule):
    """From η₀ / start_divisor up to η₀, then down to η₀ / start_divisor / end_divisor.

    The rate rises in the first rise · N − 1 of N steps and falls in the rest, each along half a
    cosine (Smith and Topin 2019, as in PyTorch).
    """

    def __init__(self, spec: OneCycleSchedule, context: ScheduleContext) -> None:
        super().__init__(context)
        self._start = context.learning_rate / spec.start_divisor
        self._end = self._start / spec.end_divisor
        self._peak_step = spec.rise * context.steps - 1
        self._last_step = context.steps - 1

    def _rate(self, steps: int) -> float:
        peak_step, peak = self._peak_step, self._context.learning_rate
        if steps < peak_step:
            return _cosine(self._start, peak, steps / peak_step)
        return _cosine(
            peak, self._end, min(1.0, (steps - peak_step) / (self._last_step - peak_step))
        )


def _cosine(start: float, end: float, fraction: float) -> float:
    """Interpolate along half a cosine: start at fraction 0, end at fraction 1."""
    return end + (start - end) * (1 + math.cos(math.pi * fraction)) / 2
