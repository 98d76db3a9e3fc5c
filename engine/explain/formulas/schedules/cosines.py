"""Formulas of cosine schedules: decay, warm restarts and one-cycle."""

from engine import specs
from engine.explain.formulas.evaluate import evaluate
from engine.explain.formulas.expression import Expression, Symbol
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.schedules.schedule_step import ScheduleStep, fraction_symbol
from engine.explain.formulas.symbols import HALF, PI, function, given, symbol
from engine.schedules.base import floor

_Parts = tuple[Expression, tuple[Formula, ...]]


def cosine_rate(spec: specs.CosineSchedule, step: ScheduleStep) -> _Parts:
    """η_end + ½ (η₀ − η_end) (1 + cos(π f))."""
    where = (step.progress(),) if spec.cycle_epochs is None else _cycle(spec, step)
    end = given("η", spec.end_rate, "end", words="the end rate")
    return _half_cosine(step.eta0(), end, where[-1].left), where


def _cycle(spec: specs.CosineSchedule, step: ScheduleStep) -> tuple[Formula, ...]:
    """f, the completed fraction of a cycle; each is g times as long as the one before.

    With r = s / S in lengths of the first cycle, and k completed cycles: f = r − k, or for g > 1
    f = (r − (gᵏ − 1) / (g − 1)) / gᵏ.
    """
    first = (spec.cycle_epochs or 0) * step.steps_per_epoch
    length = given("S", first, words="the steps of the first cycle")
    position = define(symbol("r", words="the position in first cycles"), step.s() / length)
    r, cycles = position.left, symbol("k", words="the number of completed cycles")
    if spec.cycle_growth == 1:
        counted = define(cycles, function("floor", r)).with_value(floor(r.value))
        inside = function("max", 0, r - counted.left)
        return position, counted, define(fraction_symbol(), inside)
    growth = given("g", spec.cycle_growth, words="the growth of cycles")
    logs = function("ln", 1 + r * (growth - 1)) / function("ln", growth)
    counted = define(cycles, function("floor", logs)).with_value(floor(evaluate(logs)))
    power = growth**counted.left
    inside = function("max", 0, (r - (power - 1) / (growth - 1)) / power)
    return position, counted, define(fraction_symbol(), function("min", 1, inside))


def one_cycle_rate(spec: specs.OneCycleSchedule, step: ScheduleStep) -> _Parts:
    """η_a up to η₀ along half a cosine, then down to η_b."""
    n = given("N", step.scheduled_steps, words="the number of scheduled steps")
    rise = given("q", spec.rise, words="the rising share")
    peak = define(symbol("p", words="the peak step"), rise * n - 1)
    divisor = given("c", spec.start_divisor, 1, words="the start divisor")
    start = define(symbol("η", 0, "start", words="the start rate"), step.eta0() / divisor)
    if step.steps_since < peak.value:
        progress = define(fraction_symbol(), step.s() / peak.left)
        return _half_cosine(start.left, step.eta0(), progress.left), (peak, start, progress)
    end_divisor = given("c", spec.end_divisor, 2, words="the end divisor")
    end = define(symbol("η", 0, "end", words="the end rate"), start.left / end_divisor)
    fallen = (step.s() - peak.left) / (n - 1 - peak.left)
    progress = define(fraction_symbol(), function("min", 1, fallen))
    return _half_cosine(step.eta0(), end.left, progress.left), (peak, start, end, progress)


def _half_cosine(start: Symbol, end: Symbol, fraction: Symbol) -> Expression:
    """From `start` at fraction 0 to `end` at fraction 1."""
    return end + HALF * (start - end) * (1 + function("cos", PI * fraction))
