"""Every loss on every compatible output, with suitable targets."""

from collections.abc import Callable

import numpy as np

from engine.arrays import Floats, Targets
from engine.losses.base import Loss
from engine.losses.build import build_loss, compatible_outputs
from engine.specs import (
    BinaryCrossEntropy,
    CrossEntropy,
    Gaussian,
    HalfSquaredError,
    Hinge,
    Huber,
    LogCosh,
    LossName,
    LossSpec,
    MeanAbsoluteError,
    MeanSquaredError,
    OutputActivation,
    Poisson,
    Quantile,
    ResolvedOutput,
)

LOSSES: list[LossSpec] = [
    CrossEntropy(),
    CrossEntropy(label_smoothing=0.2),
    BinaryCrossEntropy(),
    MeanSquaredError(),
    HalfSquaredError(),
    MeanAbsoluteError(),
    Huber(delta=0.7),
    LogCosh(),
    Quantile(quantile=0.3),
    Hinge(),
    Hinge(margin=0.4),
    Poisson(),
    Gaussian(),
]
PAIRS: list[tuple[LossSpec, OutputActivation]] = [
    (spec, output) for spec in LOSSES for output in compatible_outputs(spec)
]
PAIR_NAMES = [f"{spec.type}-{output}" for spec, output in PAIRS]

_TARGETS: dict[LossName, Callable[[np.random.Generator, int, int], Targets]] = {
    "cross_entropy": lambda random, rows, units: random.integers(0, units, rows),
    "hinge": lambda random, rows, units: random.integers(0, units, rows),
    "binary_cross_entropy": lambda random, rows, units: random.random((rows, units)).round(1),
    "poisson": lambda random, rows, units: random.poisson(2.0, (rows, units)).astype(np.float64),
    "gaussian": lambda random, rows, units: random.standard_normal((rows, units // 2)),
}


def make_loss(
    spec: LossSpec, output: OutputActivation, units: int, dtype: type[np.floating] = np.float64
) -> Loss:
    return build_loss(spec, ResolvedOutput(activation=output, units=units), np.dtype(dtype))


def units_for(spec: LossSpec, units: int) -> int:
    """Return the outputs of a loss for `units` targets or classes: gaussian has two per target."""
    return 2 * units if isinstance(spec, Gaussian) else units


def suitable_targets(spec: LossSpec, rows: int, units: int, seed: int = 1) -> Targets:
    random = np.random.default_rng(seed)
    if spec.type in _TARGETS:
        return _TARGETS[spec.type](random, rows, units)
    return random.standard_normal((rows, units))


def distance_to_kink(spec: LossSpec, outputs: Floats, targets: Targets) -> float:
    """Return the minimum distance of a term from a discontinuity of its derivative."""
    match spec:
        case MeanAbsoluteError() | Quantile():
            return float(np.abs(outputs - targets).min())
        case Huber():
            return float(np.abs(np.abs(outputs - targets) - spec.delta).min())
        case Hinge():
            positions = np.arange(len(targets)), targets
            terms = spec.margin - outputs[positions][:, np.newaxis] + outputs
            terms[positions] = np.inf
            return float(np.abs(terms).min())
        case _:
            return np.inf
