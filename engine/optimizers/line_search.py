"""A step length that fulfils the strong Wolfe conditions.

φ(α) is the loss at w + α d. The conditions are φ(α) ≤ φ(0) + c₁ α φ′(0), sufficient decrease, and
|φ′(α)| ≤ c₂ |φ′(0)|, curvature. Source: Nocedal and Wright 2006, algorithms 3.5 and 3.6; choices
that they leave open are those of PyTorch, which has them from Schmidt's minFunc.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

_SUFFICIENT_DECREASE = 1e-4  # c₁
_CURVATURE = 0.9  # c₂
_LEAST_EXTENSION, _MOST_EXTENSION = 0.01, 10.0
_MARGIN = 0.1  # The part of an interval, at either end, that is too close to what is known.


class Trial(NamedTuple):
    """A step length that was tried: α, φ(α) and φ′(α)."""

    alpha: float
    loss: float
    slope: float


class LineSearch:
    """One search along one direction.

    Args:
        evaluate: from α to φ(α) and φ′(α).
        start: φ at 0; its slope is negative.
        max_evaluations: of φ.
        least_width: an interval of α no wider is not searched any further.
    """

    def __init__(
        self,
        evaluate: Callable[[float], Trial],
        start: Trial,
        max_evaluations: int,
        least_width: float,
    ) -> None:
        self._evaluate = evaluate
        self._start = start
        self._left = max_evaluations
        self._least_width = least_width

    def run(self, alpha: float) -> Trial:
        """The step length found, beginning with α: `start` if none has a smaller loss."""
        return self._zoom(*self._bracket(alpha))

    def _try(self, alpha: float) -> Trial:
        """φ there; where it is not a number it is infinite: too far."""
        self._left -= 1
        trial = self._evaluate(alpha)
        if math.isfinite(trial.loss) and math.isfinite(trial.slope):
            return trial
        return Trial(alpha, math.inf, math.inf)

    def _bracket(self, alpha: float) -> tuple[Trial, Trial]:
        """Two trials with a good step between them, or twice a good one (algorithm 3.5)."""
        previous, trial = self._start, self._try(alpha)
        is_late = False
        while self._left:
            if not self._decreases(trial) or (is_late and trial.loss >= previous.loss):
                return previous, trial
            if self._is_flat(trial):
                return trial, trial
            if trial.slope >= 0:
                return previous, trial
            least = trial.alpha + _LEAST_EXTENSION * (trial.alpha - previous.alpha)
            farther = _cubic_minimizer(previous, trial, least, _MOST_EXTENSION * trial.alpha)
            is_late = previous is not self._start
            previous, trial = trial, self._try(farther)
        return self._start, trial

    def _zoom(self, one: Trial, other: Trial) -> Trial:
        """The best of an interval that has a good step inside (algorithm 3.6)."""
        low, high = (one, other) if one.loss <= other.loss else (other, one)
        was_close = False
        while self._left and abs(high.alpha - low.alpha) >= self._least_width:
            alpha, was_close = _inside(low, high, was_close=was_close)
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
        """Sufficient decrease."""
        start = self._start
        return trial.loss <= start.loss + _SUFFICIENT_DECREASE * trial.alpha * start.slope

    def _is_flat(self, trial: Trial) -> bool:
        """The curvature condition."""
        return abs(trial.slope) <= -_CURVATURE * self._start.slope


def _inside(low: Trial, high: Trial, *, was_close: bool) -> tuple[float, bool]:
    """Where to try next, and whether that is close to an end; it is not so twice in a row."""
    left, right = sorted((low.alpha, high.alpha))
    alpha = _cubic_minimizer(low, high, left, right)
    margin = _MARGIN * (right - left)
    if min(right - alpha, alpha - left) >= margin:
        return alpha, False
    if was_close or alpha >= right or alpha <= left:
        return (right - margin if right - alpha < alpha - left else left + margin), False
    return alpha, True


def _cubic_minimizer(one: Trial, other: Trial, least: float, most: float) -> float:
    """Where the cubic through both losses and slopes is least, in bounds; else the middle.

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
