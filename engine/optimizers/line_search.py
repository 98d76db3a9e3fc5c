"""Line search for the strong Wolfe conditions.

φ(α) is the loss at w + α d. The conditions are φ(α) ≤ φ(0) + c₁ α φ′(0), sufficient decrease, and
|φ′(α)| ≤ c₂ |φ′(0)|, curvature. Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6; choices
left open there follow PyTorch, which follows Schmidt's minFunc.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

_SUFFICIENT_DECREASE = 1e-4  # c₁
_CURVATURE = 0.9  # c₂
_LEAST_EXTENSION, _MOST_EXTENSION = 0.01, 10.0
_MARGIN = 0.1  # Fraction of an interval, at either end, too close to an evaluated point.
_LEAST_WIDTH = 1e-9  # Width of an interval at which the search stops, relative to its far end.


class Trial(NamedTuple):
    """An evaluated step length: α, φ(α) and φ′(α)."""

    alpha: float
    loss: float
    slope: float


class LineSearch:
    """A line search along one direction.

    Args:
        evaluate: maps α to φ(α) and φ′(α).
        start: the trial at α = 0; its slope is negative.
        max_evaluations: maximum number of evaluations of φ.
    """

    def __init__(
        self,
        evaluate: Callable[[float], Trial],
        start: Trial,
        max_evaluations: int,
    ) -> None:
        self._evaluate = evaluate
        self._start = start
        self._remaining = max_evaluations

    def run(self, alpha: float) -> Trial:
        """Return the best trial, starting at α; `start` if no trial has a smaller loss."""
        return self._zoom(*self._bracket(alpha))

    def _try(self, alpha: float) -> Trial:
        """Evaluate φ at α; a non-finite value counts as infinite, so that the step is too long."""
        self._remaining -= 1
        trial = self._evaluate(alpha)
        if math.isfinite(trial.loss) and math.isfinite(trial.slope):
            return trial
        return Trial(alpha, math.inf, math.inf)

    def _bracket(self, alpha: float) -> tuple[Trial, Trial]:
        """Return two trials that bracket a valid step, or a valid one twice (algorithm 3.5)."""
        previous, trial = self._start, self._try(alpha)
        is_extended = False
        while self._remaining:
            if not self._decreases(trial) or (is_extended and trial.loss >= previous.loss):
                return previous, trial
            if self._is_flat(trial):
                return trial, trial
            if trial.slope >= 0:
                return previous, trial
            least = trial.alpha + _LEAST_EXTENSION * (trial.alpha - previous.alpha)
            extended = _cubic_minimizer(previous, trial, least, _MOST_EXTENSION * trial.alpha)
            is_extended = previous is not self._start
            previous, trial = trial, self._try(extended)
        return self._start, trial

    def _zoom(self, one: Trial, other: Trial) -> Trial:
        """Return the best trial within a bracketing interval (algorithm 3.6)."""
        low, high = (one, other) if one.loss <= other.loss else (other, one)
        was_close = False
        while self._remaining and not _is_narrow(low.alpha, high.alpha):
            alpha, was_close = _next_alpha(low, high, was_close=was_close)
            trial = self._try(alpha)
            if not self._decreases(trial) or trial.loss >= low.loss:
                low, high = (low, trial) if low.loss <= trial.loss else (trial, low)
                continue
            if self._is_flat(trial):
                return trial
            if trial.slope * (high.alpha - low.alpha) >= 0:
                high = low
            low = trial
        return low

    def _decreases(self, trial: Trial) -> bool:
        """Check the sufficient decrease condition."""
        start = self._start
        return trial.loss <= start.loss + _SUFFICIENT_DECREASE * trial.alpha * start.slope

    def _is_flat(self, trial: Trial) -> bool:
        """Check the curvature condition."""
        return abs(trial.slope) <= -_CURVATURE * self._start.slope


def _is_narrow(one: float, other: float) -> bool:
    return abs(one - other) <= _LEAST_WIDTH * max(one, other)


def _next_alpha(low: Trial, high: Trial, *, was_close: bool) -> tuple[float, bool]:
    """Return the next α, and whether it is close to an end, which never happens twice in a row."""
    left, right = sorted((low.alpha, high.alpha))
    alpha = _cubic_minimizer(low, high, left, right)
    margin = _MARGIN * (right - left)
    if min(right - alpha, alpha - left) >= margin:
        return alpha, False
    if was_close or alpha >= right or alpha <= left:
        return (right - margin if right - alpha < alpha - left else left + margin), False
    return alpha, True


def _cubic_minimizer(one: Trial, other: Trial, least: float, most: float) -> float:
    """Return the bounded minimizer of the cubic through both trials, or else the midpoint.

    Source: Nocedal and Wright 2006, equation 3.59.
    """
    left, right = (one, other) if one.alpha <= other.alpha else (other, one)
    secant = (left.loss - right.loss) / (left.alpha - right.alpha)
    d1 = left.slope + right.slope - 3 * secant
    square = d1 * d1 - left.slope * right.slope
    if not 0 <= square < math.inf:
        return (least + most) / 2
    d2 = math.sqrt(square)
    curvature = right.slope - left.slope + 2 * d2
    if curvature == 0:  # The cubic is a line.
        return most if right.slope < 0 else least
    alpha = right.alpha - (right.alpha - left.alpha) * ((right.slope + d2 - d1) / curvature)
    return min(max(alpha, least), most)
