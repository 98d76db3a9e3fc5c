"""The objective along lines through the weights before a step."""

import math

import numpy as np
from numpy.typing import NDArray

from engine.explain.objective import training_objective
from engine.explain.rate_sweep.results import SweepCurve
from engine.numerics.norms import finite_or_none
from engine.training.step_inputs import PARAMETERS, StepInputs


class Line:
    """Evaluates the objective along lines through the weights before the step."""

    def __init__(self, inputs: StepInputs) -> None:
        self._objective = training_objective(inputs)
        self._start = inputs.arrays[PARAMETERS]

    def evaluate(self, direction: NDArray[np.float64], scale: float) -> tuple[float, float]:
        """Return loss and objective at w + scale · direction, limited by max_norm as a step is."""
        objective = self._objective
        network, count = objective.step.network, len(direction)
        network.parameters[...] = self._start
        with np.errstate(all="ignore"):
            if scale:
                network.trained[...] = self._start[:count] + scale * direction
                objective.step.penalties.apply_max_norm()
            value = objective.value()
        return objective.loss, value

    def curve(
        self,
        direction: NDArray[np.float64],
        scales: NDArray[np.float64],
        rates: NDArray[np.float64],
    ) -> SweepCurve:
        """Return the curve along a direction.

        Args:
            direction: the direction.
            scales: multiples of it.
            rates: the learning rates of these.
        """
        values = [self.evaluate(direction, scale) for scale in scales.tolist()]
        objectives = [value if math.isfinite(value) else math.inf for _, value in values]
        lowest = int(np.argmin(objectives)) if objectives else 0
        is_known = bool(objectives) and math.isfinite(objectives[lowest])
        return SweepCurve(
            losses=tuple(finite_or_none(loss) for loss, _ in values),
            objectives=tuple(finite_or_none(value) for _, value in values),
            lowest_at=float(rates[lowest]) if is_known else None,
            lowest_loss=values[lowest][0] if is_known else None,
        )
