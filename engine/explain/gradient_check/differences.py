"""Central differences of the objective with respect to single parameters."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.arrays import Floats
from engine.explain.objective import Objective

# The step that balances truncation, of order h², and rounding, of order ε / h.
_CUBE_ROOT = float(np.finfo(np.float64).eps) ** (1 / 3)
# Smaller steps are tried where h meets a kink or its error is too large: each divides it by 16. A
# wrong gradient stays wrong at every step.
STEP_FACTORS = (1.0, 1 / 16, 1 / 256)
# Rounding error of J, in units of ε · max(1, |J|).
_ROUNDING = 8.0

Outcome = Literal["compared", "kink", "not_finite"]


@dataclass(frozen=True)
class Difference:
    """A central difference beside the gradient.

    Attributes:
        outcome: whether it could be compared.
        value: (J(w + h) − J(w − h)) / 2h.
        step: h.
        floor: gradient whose relative error through rounding is the tolerance.
        error: |gradient − value| / max(|gradient|, |value|, floor).
    """

    outcome: Outcome
    value: float = math.nan
    step: float = math.nan
    floor: float = math.nan
    error: float = math.inf


class Differences:
    """Compares a gradient with central differences.

    Args:
        objective: J in float64; its parameters are unchanged after each call.
        tolerance: relative error at which no smaller step is tried.
    """

    def __init__(self, objective: Objective, tolerance: float) -> None:
        self._objective, self._tolerance = objective, tolerance
        self.value = objective.value()
        self._pieces = objective.pieces
        self._rounding = _ROUNDING * float(np.finfo(np.float64).eps) * max(1.0, abs(self.value))

    def compare(self, index: int, gradient: float, l1: float) -> Difference:
        """Compare the gradient of one parameter.

        Args:
            index: position in the vector of trained parameters.
            gradient: ∂J/∂w from the backward pass.
            l1: its l1 penalty, whose derivative jumps at w = 0.
        """
        w = self._objective.step.network.trained
        best: Difference | None = None
        outcome: Outcome = "kink"
        for factor in STEP_FACTORS:
            step = factor * _CUBE_ROOT * max(1.0, abs(float(w[index])))
            if l1 and abs(float(w[index])) <= step:
                continue
            found = self._compare(w, index, gradient, step)
            if found.outcome == "compared" and (best is None or found.error < best.error):
                best = found
            if best is not None and best.error <= self._tolerance:
                break
            outcome = found.outcome
        return best or Difference(outcome)

    def _compare(self, w: Floats, index: int, gradient: float, step: float) -> Difference:
        original = float(w[index])
        above, above_changes = self._at(w, index, original + step)
        below, below_changes = self._at(w, index, original - step)
        # The step that was taken: w + h is rounded.
        width = (original + step) - (original - step)
        w[index] = original
        if not math.isfinite(above) or not math.isfinite(below):
            return Difference("not_finite")
        if above_changes or below_changes:
            return Difference("kink")
        value = (above - below) / width
        floor = self._rounding / (width / 2) / self._tolerance
        error = abs(gradient - value) / max(abs(gradient), abs(value), floor)
        return Difference("compared", value, width / 2, floor, error)

    def _at(self, w: Floats, index: int, value: float) -> tuple[float, int]:
        w[index] = value
        found = self._objective.value()
        return found, self._objective.count_changes(self._pieces)
