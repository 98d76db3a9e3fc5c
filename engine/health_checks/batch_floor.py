"""The loss below which no network can fit a batch, since equal inputs have one prediction."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from engine.arrays import Indices, Targets
from engine.data.split_arrays import Batch
from engine.health_checks.best_constant import best_constant_loss
from engine.specs import Gaussian, LossSpec, Poisson, ResolvedOutput

# A density has no highest value: errors of a quarter of the targets' deviation count as learned.
_LEARNED_DEVIATION = 0.25


@dataclass(frozen=True)
class BatchFloor:
    """The lowest loss of a batch.

    Attributes:
        loss: the lowest loss that a network could reach.
        conflicting_rows: rows that have the inputs of another row, and another target.
    """

    loss: float
    conflicting_rows: int


def find_floor(loss: LossSpec, output: ResolvedOutput, batch: Batch) -> BatchFloor:
    """Return the mean of the lowest losses of all rows, together where their inputs are equal."""
    total, conflicting = 0.0, 0
    for rows in _equal_inputs(batch):
        y = batch.y[rows]
        has_conflict = bool((y != y[0]).any())
        conflicting += len(rows) * has_conflict
        lowest = best_constant_loss(loss, output, y) if has_conflict else _lowest(loss, y)
        total += len(rows) * (lowest or 0.0)
    mean = total / len(batch.x)
    if isinstance(loss, Gaussian):
        constant = best_constant_loss(loss, output, batch.y) or 0.0
        mean = max(mean, constant + math.log(_LEARNED_DEVIATION))
    return BatchFloor(mean, conflicting)


def _equal_inputs(batch: Batch) -> Iterator[Indices]:
    """Yield the rows of each distinct input."""
    groups: dict[bytes, list[int]] = {}
    for index, row in enumerate(batch.x):
        groups.setdefault(row.tobytes(), []).append(index)
    return (np.array(rows, np.intp) for rows in groups.values())


def _lowest(loss: LossSpec, y: Targets) -> float:
    """Return the lowest loss of rows with the same target."""
    match loss:
        case Poisson():
            row = y[0].astype(np.float64)
            return float(np.mean(row - row * np.log(np.where(row > 0, row, 1.0))))
        case Gaussian():
            return -math.inf
        case _:
            return 0.0
