"""Formulas of the part of the update that all parameters share."""

from collections.abc import Iterator

from engine.explain.explanation.formulas.texts import until_overflow, write_formula
from engine.explain.explanation.values import FormulaText
from engine.explain.explanation.view import StepView
from engine.explain.formulas.schedules import ScheduleStep, learning_rate
from engine.explain.formulas.training.gradient_clipping import gradient_norm
from engine.numerics.norms import euclidean_norm


def update_formulas(view: StepView) -> tuple[FormulaText, ...]:
    """Return the formulas of the learning rate and of the norm of the gradient.

    The components of the latter are the norms of the parameters' gradients, in their order.
    """
    if view.options.formulas == "none":
        return ()
    return until_overflow(_update_formulas(view))


def _update_formulas(view: StepView) -> Iterator[FormulaText]:
    trace, inputs, spec = view.trace, view.trace.inputs, view.trace.inputs.spec
    step = ScheduleStep(
        base_rate=spec.optimizer.learning_rate,
        steps_per_epoch=inputs.steps_per_epoch,
        epochs=spec.epochs,
        step=inputs.step,
        warmup_epochs=spec.schedule.warmup_epochs,
        state=inputs.schedule,
    )
    yield write_formula("learning_rate", learning_rate(spec.schedule, step), trace.learning_rate)
    found = [one.gradient for one in trace.parameters if one.gradient is not None]
    if not found or trace.gradient_norm is None:
        return
    norms = gradient_norm([euclidean_norm(array.reshape(-1)) for array in found])
    yield write_formula("gradient_norm", norms, trace.gradient_norm)
