"""Causes of the zeros of parameters: of gradients, of the optimizer's state and of updates."""

from dataclasses import dataclass

import numpy as np

from engine import specs
from engine.arrays import Floats
from engine.explain.step_trace import ParameterTrace, StepTrace
from engine.explain.zeros.causes import Cause, Codes, Flags, choose, code_of, fill_zeros

# State of optimizers that moves a weight whose gradient is 0.
_MOMENTA = {"velocity", "mean"}


@dataclass(frozen=True)
class ParameterZeros:
    """Causes of the zeros of one parameter; arrays that the step has not computed are None.

    Attributes:
        before: of the values before the step.
        loss_gradient: of ∂L/∂w of the loss.
        gradient: of the gradient with penalties.
        clipped: of the clipped gradient.
        slots_before: of the optimizer's state before the step, by name.
        slots_after: of that after the step.
        update: of the change of the values by the step.
        after: of the values after the step.
    """

    before: Codes
    loss_gradient: Codes | None
    gradient: Codes | None
    clipped: Codes | None
    slots_before: dict[str, Codes]
    slots_after: dict[str, Codes]
    update: Codes | None
    after: Codes


def parameter_zeros(
    trace: StepTrace, parameter: ParameterTrace, loss_gradient: Codes | None, layer: int
) -> ParameterZeros:
    """Return the causes of a parameter's zeros.

    Args:
        trace: the step.
        parameter: the parameter.
        loss_gradient: causes of the zeros of the loss gradient.
        layer: index of the parameter's layer in `StepTrace.layers`.
    """
    gradient = clipped = None
    exact = code_of(Cause.EXACT_ZERO, layer)
    if loss_gradient is not None and parameter.gradient is not None:
        assert parameter.loss_gradient is not None  # noqa: S101 - it precedes the penalties
        is_zero = parameter.loss_gradient == 0
        found = choose((is_zero, loss_gradient), otherwise=exact)
        gradient = fill_zeros(parameter.gradient, found)
        if parameter.clipped is not None:
            by_clip = code_of(Cause.CLIPPED)
            found = choose((parameter.gradient == 0, gradient), otherwise=by_clip)
            clipped = fill_zeros(parameter.clipped, found)
    update = update_zeros(trace, parameter, clipped, layer)
    initial = code_of(Cause.INITIAL, layer)
    was_zero = parameter.before == 0
    return ParameterZeros(
        before=fill_zeros(parameter.before, initial),
        loss_gradient=loss_gradient,
        gradient=gradient,
        clipped=clipped,
        slots_before={
            name: fill_zeros(slot, initial) for name, slot in parameter.slots_before.items()
        },
        slots_after={
            name: _slot_zeros(trace, slot, parameter.slots_before[name], clipped, layer)
            for name, slot in parameter.slots_after.items()
        },
        update=update,
        after=fill_zeros(parameter.after, choose((was_zero, initial), otherwise=exact)),
    )


def _slot_zeros(
    trace: StepTrace, slot: Floats, before: Floats, clipped: Codes | None, layer: int
) -> Codes:
    """Causes of the optimizer's state after the step: no gradient so far, or it underflows."""
    initial, underflow = (code_of(cause, layer) for cause in (Cause.INITIAL, Cause.UNDERFLOW))
    if clipped is None:
        return fill_zeros(slot, initial)
    has_history = np.asarray(_is_line_search(trace)) | (before == 0)
    remaining = code_of(Cause.NO_DESCENT) if _stays(trace) else underflow
    return fill_zeros(slot, choose(((clipped != 0) & has_history, clipped), otherwise=remaining))


def update_zeros(
    trace: StepTrace, parameter: ParameterTrace, clipped: Codes | None, layer: int
) -> Codes | None:
    """Return the causes of weights that the step leaves as they are; None if it diverged.

    Args:
        trace: the step.
        parameter: the parameter.
        clipped: causes of the zeros of the gradient that the optimizer reads.
        layer: index of the parameter's layer in `StepTrace.layers`.
    """
    update = parameter.after - parameter.before
    if parameter.is_frozen:
        return fill_zeros(update, code_of(Cause.FROZEN, layer))
    rounded = code_of(Cause.ROUNDED_AWAY, layer)
    if parameter.is_state:
        return fill_zeros(update, rounded)
    if parameter.moved is None or parameter.clipped is None or clipped is None:
        return None
    if trace.learning_rate == 0:
        return fill_zeros(update, code_of(Cause.ZERO_LEARNING_RATE))
    if _stays(trace):
        return choose((clipped != 0, clipped), otherwise=code_of(Cause.NO_DESCENT))
    moved = parameter.moved != parameter.before
    found = choose(
        (moved, code_of(Cause.MAX_NORM, layer)),
        (_has_no_change(trace, parameter), clipped),
        (parameter.before == 0, code_of(Cause.UNDERFLOW, layer)),
        otherwise=rounded,
    )
    return fill_zeros(update, found)


def _has_no_change(trace: StepTrace, parameter: ParameterTrace) -> Flags:
    """Whether the optimizer's change is 0: no gradient, no momentum and no weight decay."""
    assert parameter.clipped is not None  # noqa: S101 - the caller's condition
    no_change: Flags = parameter.clipped == 0
    for name in _MOMENTA & parameter.slots_before.keys():
        no_change &= parameter.slots_before[name] == 0
    if getattr(trace.inputs.spec.optimizer, "weight_decay", 0):
        no_change &= parameter.before == 0
    return no_change


def _is_line_search(trace: StepTrace) -> bool:
    return isinstance(trace.inputs.spec.optimizer, specs.Lbfgs)


def _stays(trace: StepTrace) -> bool:
    """Whether a line search found no lower objective, so that all weights stay as they are."""
    if not _is_line_search(trace):
        return False
    return all(
        np.array_equal(one.moved, one.before)
        for one in trace.parameters
        if one.moved is not None and not one.is_state
    )
