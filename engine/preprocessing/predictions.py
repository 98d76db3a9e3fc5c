"""The network's outputs as predictions, in the target's unit."""

from typing import TypeAlias, assert_never

import numpy as np

from engine.arrays import Floats
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedTarget,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    numbers_of,
)

ValuesAndDeviations: TypeAlias = tuple[Floats, Floats | None]


def to_predictions(
    outputs: Floats, target: FittedTarget, *, has_deviations: bool
) -> ValuesAndDeviations:
    """Return values and standard deviations: unscaled numbers, or a probability per class.

    Args:
        outputs: the network's outputs, `(rows, units)`.
        target: the fitted target.
        has_deviations: whether the outputs after those of the targets are log variances.
    """
    match target:
        case NumericTarget():
            values, deviations = _to_numbers(outputs, target, has_deviations=has_deviations)
            return values[:, 0], None if deviations is None else deviations[:, 0]
        case NumericTargets():
            return _to_numbers(outputs, target, has_deviations=has_deviations)
        case ClassTarget() if outputs.shape[1] == 1:
            # A binary sigmoid is the probability of the second class.
            return np.concatenate((1 - outputs, outputs), axis=1), None
        case ClassTarget() | LabelTargets() | InputsTarget():
            return outputs, None
        case _:
            assert_never(target)


def _to_numbers(
    outputs: Floats, target: NumericTarget | NumericTargets, *, has_deviations: bool
) -> ValuesAndDeviations:
    """Undo the scaling of each numeric target; both arrays are `(rows, targets)`."""
    targets = numbers_of(target)
    columns = [one.to_own_unit(outputs[:, i]) for i, one in enumerate(targets)]
    if not has_deviations:
        return np.stack(columns, axis=1), None
    # The outputs of gaussian after the means are the log variances.
    deviations = [
        np.exp(outputs[:, len(targets) + i].astype(np.float64) / 2) * one.scale
        for i, one in enumerate(targets)
    ]
    return np.stack(columns, axis=1), np.stack(deviations, axis=1)
