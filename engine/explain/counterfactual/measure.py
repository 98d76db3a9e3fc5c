"""Losses and outputs of the same rows with several sets of weights."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats, Targets
from engine.data.split_arrays import Batch
from engine.explain.counterfactual.results import BatchComparison, Losses, RowOutputs
from engine.losses.base import Loss
from engine.losses.build import build_loss
from engine.numerics.norms import finite_or_none
from engine.specs import LossSpec
from engine.training.step_inputs import StepInputs, build_train_step


@dataclass(frozen=True)
class _Measured:
    loss: float
    changed_loss: float | None
    row_losses: Floats
    outputs: Floats


@dataclass(frozen=True)
class ChangedLoss:
    """Another loss, and the targets of the rows as it takes them."""

    spec: LossSpec
    y: Targets


class Evaluator:
    """Evaluates rows in training mode, with the dropout masks of a step.

    Args:
        inputs: the step, whose network and loss are used.
        most_rows: rows of which the outputs are returned.
    """

    def __init__(self, inputs: StepInputs, most_rows: int) -> None:
        self._inputs, self._most_rows = inputs, most_rows
        self._step = build_train_step(inputs)

    def compare(
        self, weights: Sequence[Floats], batch: Batch, changed: ChangedLoss | None
    ) -> BatchComparison:
        """Compare three sets of weights: before, after the actual and after the changed step.

        Args:
            weights: all parameters of each.
            batch: the rows.
            changed: the changed loss; None if it is that of the training.
        """
        found = [self._measure(parameters, batch, changed) for parameters in weights]
        count = min(len(batch.x), self._most_rows)
        others = None if changed is None else _losses([one.changed_loss for one in found])
        return BatchComparison(
            rows=len(batch.x),
            losses=_losses([one.loss for one in found]),
            changed_losses=others,
            outputs=tuple(_row(index, found) for index in range(count)),
            left_out=len(batch.x) - count,
        )

    def _measure(self, parameters: Floats, batch: Batch, changed: ChangedLoss | None) -> _Measured:
        step = self._step
        step.network.parameters[...] = parameters
        step.passes.begin_step(self._inputs.step)
        found: list[tuple[Floats, Floats]] = []
        others: list[float] = []
        other = None if changed is None else self._build(changed)

        def keep(rows: slice, chunk: Batch, _loss: float, logits: Floats) -> None:
            found.append((step.loss.row_losses.copy(), step.loss.outputs.copy()))
            if other is not None and changed is not None:
                targets = changed.y[rows]
                others.append(other.forward(logits, targets, chunk.weights, len(batch.x)))

        with np.errstate(all="ignore"):
            loss = step.passes.forward(batch, keep)
        row_losses, outputs = (np.concatenate(arrays) for arrays in zip(*found, strict=True))
        return _Measured(loss, None if other is None else sum(others), row_losses, outputs)

    def _build(self, changed: ChangedLoss) -> Loss:
        inputs = self._inputs
        output = inputs.spec.network_for(inputs.in_features).output
        return build_loss(changed.spec, output, np.dtype(inputs.spec.dtype))


def _losses(values: Sequence[float | None]) -> Losses:
    return Losses(*(None if value is None else finite_or_none(value) for value in values))


def _row(index: int, found: Sequence[_Measured]) -> RowOutputs:
    outputs = (tuple(finite_or_none(float(value)) for value in one.outputs[index]) for one in found)
    return RowOutputs(index, _losses([float(one.row_losses[index]) for one in found]), *outputs)
