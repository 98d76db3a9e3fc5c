"""Formulas of the learning rate of a step, by every schedule."""

from typing import assert_never

from engine import specs
from engine.explain.formulas.expression import Expression, Root
from engine.explain.formulas.formula import Formula, define
from engine.explain.formulas.schedules.cosines import cosine_rate, one_cycle_rate
from engine.explain.formulas.schedules.schedule_step import ScheduleStep
from engine.explain.formulas.symbols import function, given, symbol
from engine.schedules.base import floor

_RATE = symbol("η", words="the learning rate")
_Parts = tuple[Expression, tuple[Formula, ...]]


def learning_rate(spec: specs.ScheduleSpec, step: ScheduleStep) -> Formula:
    """η of a step, from the optimizer's learning rate η₀; c times as much after restores.

    Args:
        spec: the schedule.
        step: the position of the step.
    """
    expression, where = (_warmup(step), ()) if step.is_warmup else _scheduled(spec, step)
    factor = step.restore_factor()
    return define(_RATE, expression if factor is None else factor * expression, *where)


def _warmup(step: ScheduleStep) -> Expression:
    """η₀ (s + 1) / W."""
    index = given("s", step.step, words="the step")
    length = given("W", step.warmup_steps, words="the number of warm-up steps")
    return step.eta0() * ((index + 1) / length)


def _scheduled(spec: specs.ScheduleSpec, step: ScheduleStep) -> _Parts:  # noqa: PLR0911 - one case per kind
    match spec:
        case specs.ConstantSchedule():
            return step.eta0(), ()
        case specs.StepSchedule():
            return _step_decay(spec, step)
        case specs.ExponentialSchedule():
            epochs = step.epochs_since()
            return step.eta0() * given("γ", spec.gamma) ** epochs.left, (epochs,)
        case specs.PolynomialSchedule():
            return _polynomial(spec, step)
        case specs.CosineSchedule():
            return cosine_rate(spec, step)
        case specs.OneCycleSchedule():
            return one_cycle_rate(spec, step)
        case specs.InverseSqrtSchedule():
            epochs = step.epochs_since()
            decay = given("T", spec.decay_epochs, words="the decay epochs")
            return step.eta0() / Root(1 + epochs.left / decay), (epochs,)
        case specs.PlateauSchedule():
            return _plateau(spec, step), ()
        case _:
            assert_never(spec)


def _step_decay(spec: specs.StepSchedule, step: ScheduleStep) -> _Parts:
    """η₀ γ^k with k = ⌊e / T⌋."""
    epochs = step.epochs_since()
    period = given("T", spec.every_epochs, words="the epochs between reductions")
    reductions = symbol("k", words="the number of reductions")
    # The engine tolerates a quotient just below a whole number.
    count = floor(step.steps_since / (spec.every_epochs * step.steps_per_epoch))
    counted = define(reductions, function("floor", epochs.left / period)).with_value(count)
    return step.eta0() * given("γ", spec.gamma) ** counted.left, (epochs, counted)


def _polynomial(spec: specs.PolynomialSchedule, step: ScheduleStep) -> _Parts:
    """η_end + (η₀ − η_end) (1 − f)^p."""
    progress, power = step.progress(), given("p", spec.power, words="the power")
    end = given("η", spec.end_rate, "end", words="the end rate")
    return end + (step.eta0() - end) * (1 - progress.left) ** power, (progress,)


def _plateau(spec: specs.PlateauSchedule, step: ScheduleStep) -> Expression:
    """max(min(η₀, η_min), η₀ r^k)."""
    least = given("η", spec.min_rate, "min", words="the least rate")
    factor = given("r", spec.factor, words="the factor")
    count = given("k", step.state["reductions"], words="the number of reductions")
    reduced = step.eta0() * factor**count
    return function("max", function("min", step.eta0(), least), reduced)
