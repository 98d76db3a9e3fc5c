"""Sweep over the learning rates of one step."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import SpecError, SpecProblem
from engine.explain.rate_sweep.direction import find_direction
from engine.explain.rate_sweep.line import Line
from engine.explain.rate_sweep.results import RateSweep, SweepRange
from engine.numerics.norms import finite_or_none
from engine.training.step_inputs import StepInputs

MOST_POINTS = 201
# The default range: the rate of the step divided and multiplied by it.
FACTOR = 1000.0
_LARGEST_RATE = 1e12


def sweep_rates(inputs: StepInputs, span: SweepRange | None = None) -> RateSweep:
    """Compute the loss along the direction of a step, for a range of learning rates.

    Args:
        inputs: the step; it stays as it is.
        span: the rates; by default 49 from a thousandth to a thousand times that of the step.

    Raises:
        SpecError: the range is empty or has too many points.
    """
    direction = find_direction(inputs)
    rates = _rates(span or SweepRange(), direction.rate)
    line = Line(inputs)
    loss, objective = line.evaluate(direction.update, 0.0)
    loss_after, _ = line.evaluate(direction.update, 1.0)
    scales = rates / direction.rate if direction.rate else rates
    return RateSweep(
        method=direction.method,
        rate=direction.rate,
        rates=tuple(rates.tolist()),
        loss=finite_or_none(loss),
        objective=finite_or_none(objective),
        loss_after=finite_or_none(loss_after),
        update=line.curve(direction.update, scales, rates),
        gradient_descent=line.curve(-direction.gradient, rates, rates),
    )


def _rates(span: SweepRange, rate: float) -> NDArray[np.float64]:
    """Return the rates. Raises SpecError."""
    if not 2 <= span.points <= MOST_POINTS:
        _reject("points", f"a sweep has 2 to {MOST_POINTS} points, not {span.points}")
    if not rate:
        return np.empty(0)
    lowest = rate / FACTOR if span.lowest is None else span.lowest
    highest = rate * FACTOR if span.highest is None else span.highest
    for name, value in (("lowest", lowest), ("highest", highest)):
        if not 0 < value <= _LARGEST_RATE:
            _reject(name, f"a rate is above 0 and at most {_LARGEST_RATE:g}, not {value:g}")
    if lowest >= highest:
        _reject("highest", f"the highest rate, {highest:g}, is not above the lowest, {lowest:g}")
    return np.geomspace(lowest, highest, span.points)


def _reject(field: str, detail: str) -> None:
    raise SpecError([SpecProblem(f"/{field}", "rate_range", detail)])
