"""Causes of zeros as plain values."""

from engine.explain.explanation.values import Zero
from engine.explain.step_trace import StepTrace
from engine.explain.zeros.causes import cause_of
from engine.explain.zeros.texts import Place, describe_zero


def zero_of(trace: StepTrace, code: int, place: Place) -> Zero | None:
    """Return the cause that a code stands for, with its numbers; None for 0."""
    cause = cause_of(code)
    return None if cause is None else Zero(cause, describe_zero(trace, int(code), place))
