"""All checks of the start of a training."""

from collections.abc import Callable

from engine.health_checks.initial_loss import InitialLossCheck, check_initial_loss
from engine.health_checks.overfit_batch import OverfitBatchCheck, check_overfit_batch
from engine.health_checks.rate_range import RateRangeCheck, check_rate_range
from engine.health_checks.training_start import TrainingStart
from engine.health_checks.verdict import Verdict
from engine.specs import ResolvedSpec
from engine.training.stopping import never

HealthCheck = InitialLossCheck | OverfitBatchCheck | RateRangeCheck


def without_result(
    spec: ResolvedSpec, verdict: Verdict, detail: str
) -> tuple[InitialLossCheck, OverfitBatchCheck, RateRangeCheck]:
    """Return the same verdict of all checks, none of which could be run."""
    return (
        InitialLossCheck(verdict, detail),
        OverfitBatchCheck(verdict, detail),
        RateRangeCheck(verdict, detail, spec.optimizer.learning_rate),
    )


def run_checks(
    start: TrainingStart, stop: Callable[[], bool] = never
) -> tuple[InitialLossCheck, OverfitBatchCheck, RateRangeCheck]:
    """Run all checks; those for which there is no time left are `not_applicable`.

    Args:
        start: spec, data and weights, none of which is altered.
        stop: called before each step; True ends the checks.

    Raises:
        SpecError: the layers do not fit the prepared data's width.
    """
    initial_loss, rate_range = check_initial_loss(start), check_rate_range(start, stop)
    overfit_batch = check_overfit_batch(start, stop, rate_range.suggested)
    return initial_loss, overfit_batch, rate_range
