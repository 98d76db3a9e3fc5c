"""Request and result of a sweep over learning rates."""

from dataclasses import dataclass
from typing import Literal

Method = Literal["scaled_update", "line_search"]

POINTS = 49


@dataclass(frozen=True)
class SweepRange:
    """The rates of a sweep, in equal factors; None for a default.

    Attributes:
        lowest: lowest rate; by default a thousandth of that of the step.
        highest: highest rate; by default a thousand times that of the step.
        points: number of rates, from 2 to 201.
    """

    lowest: float | None = None
    highest: float | None = None
    points: int = POINTS


@dataclass(frozen=True)
class SweepCurve:
    """Losses of the step's batch at the rates of a sweep, in training mode, with its dropout masks.

    Attributes:
        losses: the loss at each rate, without penalties; None where it is not finite.
        objectives: loss and penalties.
        lowest_at: rate of the lowest objective; None if none is finite.
        lowest_loss: loss at that rate.
    """

    losses: tuple[float | None, ...]
    objectives: tuple[float | None, ...]
    lowest_at: float | None
    lowest_loss: float | None


@dataclass(frozen=True)
class RateSweep:
    """The loss at w + r · d, for rates r.

    Attributes:
        method: scaled_update: d is the step's update divided by its rate η. The update of every
            optimizer but L-BFGS is proportional to η, so that w + r · d are the weights after the
            same step with the rate r; max_norm is applied after it. line_search: d is the direction
            of L-BFGS, and its rate is the step length α that its line search found.
        rate: η, or α; 0 if L-BFGS took no step, which leaves nothing to sweep.
        rates: the rates, in ascending order.
        loss: loss at r = 0, before the step.
        objective: loss and penalties at r = 0.
        loss_after: loss at r = η, after the step.
        update: the curve along the step's update.
        gradient_descent: the curve along d = −g, with g the gradient of the objective before
            clipping: the step of plain gradient descent with each rate.
    """

    method: Method
    rate: float
    rates: tuple[float, ...]
    loss: float | None
    objective: float | None
    loss_after: float | None
    update: SweepCurve
    gradient_descent: SweepCurve
