"""Outputs of a step: what each stands for, and their values in the units of the targets."""

from collections.abc import Sequence

import numpy as np

from engine.arrays import Floats
from engine.preprocessing.fitted import NumericTarget, NumericTargets, numbers_of
from engine.preprocessing.network_outputs import describe_outputs
from engine.preprocessing.predictions import to_predictions
from engine.specs import Gaussian
from service.explain.answers import ExplainedOutputs, TargetEstimate
from service.schemas.explain import ExplainRequest
from store.replay.without_data import PositionedStep

Row = Sequence[float | None]


def describe_step_outputs(
    step: PositionedStep, outputs: Sequence[Row], request: ExplainRequest
) -> ExplainedOutputs:
    """Return what the outputs stand for.

    Args:
        step: the step, reached.
        outputs: the network's outputs for the rows that are shown; None if not finite.
        request: which outputs to describe.
    """
    preprocessing = step.preprocessing
    described = describe_outputs(step.spec, preprocessing.columns, preprocessing.target)
    shown = described[request.first_output :][: request.max_outputs]
    return ExplainedOutputs(shown, len(described) - len(shown), _estimate(step, outputs))


def _estimate(step: PositionedStep, outputs: Sequence[Row]) -> tuple[TargetEstimate, ...] | None:
    """Return the outputs in the units of numeric targets, as predictions have them."""
    target, has_deviations = step.preprocessing.target, isinstance(step.spec.loss, Gaussian)
    if not isinstance(target, NumericTarget | NumericTargets):
        return None
    units = len(numbers_of(target)) * (2 if has_deviations else 1)
    scaled = np.array(outputs, np.float64).reshape(len(outputs), units)
    with np.errstate(all="ignore"):
        values, deviations = to_predictions(scaled, target, has_deviations=has_deviations)
    if deviations is None:
        return tuple(TargetEstimate(_plain(row), None) for row in _as_rows(values))
    pairs = zip(_as_rows(values), _as_rows(deviations), strict=True)
    return tuple(TargetEstimate(_plain(row), _plain(spread)) for row, spread in pairs)


def _as_rows(values: Floats) -> Floats:
    """Return values as `(rows, targets)`; of one target they are `(rows,)`."""
    return values.reshape(len(values), -1) if len(values) else values.reshape(0, 1)


def _plain(values: Floats) -> tuple[float | None, ...]:
    return tuple(value if np.isfinite(value) else None for value in values.tolist())
