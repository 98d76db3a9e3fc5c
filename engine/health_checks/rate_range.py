"""Learning-rate range test: the loss while the learning rate grows from step to step."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.health_checks.rate_curve import RATES, measure_losses
from engine.health_checks.training_start import TrainingStart
from engine.health_checks.verdict import OUT_OF_TIME, Verdict
from engine.numerics.norms import finite_or_none
from engine.specs import Lbfgs
from engine.training.stopping import never

# The loss begins to fall where it has lost this share of what it will lose at most.
_BEGIN_SHARE = 0.05
# A smaller fall, relative to the loss, is none.
_LEAST_FALL = 0.02
# The loss has exploded once it exceeds its beginning by this multiple of its size.
_EXPLODED = 3.0
# The highest suggested rate is this factor below the rate of the lowest loss.
_MARGIN = 3.0
# A rate is slow below this share of the lowest suggested rate.
_SLOW = 0.1


@dataclass(frozen=True)
class RateRangeCheck:
    """Result of a training with a new, higher learning rate in each step (Smith 2017, section 3.3).

    Attributes:
        verdict: passed if the spec's learning rate is between a tenth of the suggested range and
            the rate of the lowest loss; warning outside of it, or if the loss falls at no rate;
            failed from `explodes_at` on.
        detail: the result, and the remedy.
        learning_rate: the spec's learning rate, before its schedule.
        suggested_low: rate at which the loss has lost 5 % of what it loses at most.
        suggested_high: a third of `lowest_at`, at least `suggested_low`.
        steepest_at: rate at which the loss falls fastest per factor of the rate.
        lowest_at: rate at which the loss is lowest.
        explodes_at: rate at which the loss exceeds its beginning by three times its size, or is no
            longer finite; None if it is never so.
        rates: the rates, 10⁻⁷ to 10 in equal factors.
        losses: loss after the step with each rate, on the same rows in training mode, moving
            average over five steps; None where it is not finite.
        name: the check.
    """

    verdict: Verdict
    detail: str
    learning_rate: float
    suggested_low: float | None = None
    suggested_high: float | None = None
    steepest_at: float | None = None
    lowest_at: float | None = None
    explodes_at: float | None = None
    rates: tuple[float, ...] = ()
    losses: tuple[float | None, ...] = ()
    name: Literal["learning_rate_range"] = "learning_rate_range"

    @property
    def suggested(self) -> tuple[float, ...]:
        """Ends of the suggested range, the higher one first; empty without a range."""
        return tuple(rate for rate in (self.suggested_high, self.suggested_low) if rate is not None)


def check_rate_range(start: TrainingStart, stop: Callable[[], bool] = never) -> RateRangeCheck:
    """Run the learning-rate range test.

    Args:
        start: spec, data and weights; dropout, penalties and clipping are the spec's.
        stop: called before each step; True ends the check without a verdict.
    """
    rate = start.spec.optimizer.learning_rate
    if isinstance(start.spec.optimizer, Lbfgs):
        detail = "lbfgs finds the length of each step by a line search, its rate is only a start"
        return RateRangeCheck("not_applicable", detail, rate)
    losses = measure_losses(start, stop)
    if losses is None:
        return RateRangeCheck("not_applicable", OUT_OF_TIME, rate)
    return _judge(rate, losses)


def _judge(rate: float, losses: NDArray[np.float64]) -> RateRangeCheck:
    """Compare the spec's rate with the characteristic rates of the curve."""
    curve = tuple(map(finite_or_none, losses.tolist()))
    if curve[0] is None:
        detail = "the loss is not finite even with the lowest rate: scale the inputs and the target"
        return RateRangeCheck("failed", detail, rate, rates=tuple(RATES.tolist()), losses=curve)
    found = _find_landmarks(losses)
    verdict = _verdict(rate, found)
    return RateRangeCheck(
        verdict,
        _detail(rate, verdict, found),
        learning_rate=rate,
        suggested_low=found.low,
        suggested_high=found.high,
        steepest_at=found.steepest_at,
        lowest_at=found.lowest_at,
        explodes_at=found.explodes_at,
        rates=tuple(RATES.tolist()),
        losses=curve,
    )


@dataclass(frozen=True)
class _Landmarks:
    """Characteristic rates of a curve; all but `explodes_at` are None if the loss does not fall."""

    explodes_at: float | None
    low: float | None = None
    high: float | None = None
    steepest_at: float | None = None
    lowest_at: float | None = None


def _find_landmarks(losses: NDArray[np.float64]) -> _Landmarks:
    first, lowest = float(losses[0]), int(np.argmin(losses))
    fall = first - float(losses[lowest])
    exploded = losses - first > _EXPLODED * abs(first)
    explodes_at = float(RATES[np.argmax(exploded)]) if exploded.any() else None
    if fall < _LEAST_FALL * abs(first) or not fall:
        return _Landmarks(explodes_at)
    low = float(RATES[np.argmax(first - losses >= _BEGIN_SHARE * fall)])
    lowest_at = float(RATES[lowest])
    # The loss is finite up to its minimum.
    steepest_at = float(RATES[1 + np.argmin(np.diff(losses[: lowest + 1]))])
    return _Landmarks(explodes_at, low, max(low, lowest_at / _MARGIN), steepest_at, lowest_at)


def _verdict(rate: float, found: _Landmarks) -> Verdict:
    if found.explodes_at is not None and rate >= found.explodes_at:
        return "failed"
    if found.low is None or found.lowest_at is None:
        return "warning"
    return "passed" if _SLOW * found.low <= rate <= found.lowest_at else "warning"


def _detail(rate: float, verdict: Verdict, found: _Landmarks) -> str:
    suggested = "the loss falls at no rate within 100 steps"
    if found.low is not None:
        suggested = f"rates from {found.low:.2g} to {found.high:.2g} lower the loss well"
    if verdict == "failed":
        return f"{suggested}; it explodes from {found.explodes_at:.2g} on: lower {rate:g}"
    if found.low is None:
        return f"{suggested}; see overfit_one_batch for whether one batch can be learned"
    if verdict == "passed":
        return f"{suggested}; {rate:g} is {_place(rate, found.low, found.high or found.low)}"
    if rate < found.low:
        return (
            f"{suggested}; {rate:g} is below a tenth of them ({found.low / rate:.2g} times "
            "lower): raise it, or train for more epochs"
        )
    return f"{suggested}; with {rate:g} the loss rises again: lower it"


def _place(rate: float, low: float, high: float) -> str:
    """Describe where a rate that passes lies relative to the suggested range."""
    if rate < low:
        return (
            f"{low / rate:.2g} times lower, which passes down to a tenth of them: the training "
            "needs more steps"
        )
    if rate > high:
        return f"{rate / high:.2g} times higher, which passes up to the rate of the lowest loss"
    return "among them"
