"""Formulas of the part of the update that all parameters share."""

from engine.explain.explanation.formulas.texts import write_formula
from engine.explain.explanation.values import FormulaText
from engine.explain.explanation.view import StepView
from engine.explain.formulas.schedules import ScheduleStep, learning_rate
from engine.explain.formulas.training.gradient_clipping import gradient_norm

# Norms of more gradients are shown without a formula.
MAX_SQUARES = 65_536


def update_formulas(view: StepView) -> tuple[FormulaText, ...]:
    """Return the formulas of the learning rate and of the norm of the gradient."""
    trace, inputs = view.trace, view.trace.inputs
    if view.options.formulas == "none":
        return ()
    spec = inputs.spec
    step = ScheduleStep(
        base_rate=spec.optimizer.learning_rate,
        steps_per_epoch=inputs.steps_per_epoch,
        epochs=spec.epochs,
        step=inputs.step,
        warmup_epochs=spec.schedule.warmup_epochs,
        state=inputs.schedule,
    )
    rate = write_formula("learning_rate", learning_rate(spec.schedule, step), trace.learning_rate)
    found = [one.gradient for one in trace.parameters if one.gradient is not None]
    if not 0 < sum(array.size for array in found) <= MAX_SQUARES or trace.gradient_norm is None:
        return (rate,)
    squares = gradient_norm([float(g) for array in found for g in array.reshape(-1)])
    return rate, write_formula("gradient_norm", squares, trace.gradient_norm)
