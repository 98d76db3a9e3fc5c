"""The objective of one step as a function of the parameters, in any dtype."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Floats, Pieces
from engine.data.split_arrays import Batch
from engine.layers.base import walk
from engine.layers.dropout import Dropout
from engine.training.step_inputs import PARAMETERS, StepInputs, build_train_step
from engine.training.train_step import TrainStep


class Objective:
    """J: the loss of a batch in training mode plus the penalties.

    Attributes:
        evaluations: number of forward passes so far.
        loss: the loss of the latest forward pass, without penalties.
        pieces: pieces of all piecewise functions in the latest forward pass.

    Args:
        step: network, loss and penalties.
        batch: the rows.
        index: index of the step, which selects the dropout masks.
    """

    def __init__(self, step: TrainStep, batch: Batch, index: int) -> None:
        self._step, self._batch = step, batch
        self._layers = list(walk(iter(step.network.layers)))
        step.network.begin_step(index)
        self.evaluations = 0
        self.loss = math.nan
        self.pieces: list[Pieces] = []

    @property
    def dropouts(self) -> list[Dropout]:
        """The dropout layers."""
        return [layer for layer in self._layers if isinstance(layer, Dropout)]

    @property
    def step(self) -> TrainStep:
        """The step, whose parameters may be changed between two evaluations."""
        return self._step

    def value(self) -> float:
        """Return J at the current parameters; it may not be finite."""
        step, batch = self._step, self._batch
        self.evaluations += 1
        with np.errstate(all="ignore"):
            logits = step.network.forward(batch.x)
            self.loss = step.loss.forward(logits, batch.y, batch.weights)
            found = [layer.pieces() for layer in self._layers]
            self.pieces = [one for one in (*found, step.loss.pieces()) if one is not None]
            return self.loss + step.penalties.value()

    def gradient(self) -> Floats:
        """Return a copy of ∂J/∂w for all trained parameters, after `value`."""
        step = self._step
        with np.errstate(all="ignore"):
            step.network.backward(step.loss.backward())
            step.penalties.add_gradients()
        return step.network.gradients.copy()

    def count_changes(self, pieces: list[Pieces]) -> int:
        """Return how many values are on another piece than these."""
        pairs = zip(self.pieces, pieces, strict=True)
        return sum(int(np.count_nonzero(one != other)) for one, other in pairs)


def training_objective(inputs: StepInputs) -> Objective:
    """Return the objective in the dtype of the training."""
    return Objective(build_train_step(inputs), inputs.batch, inputs.step)


def float64_objective(inputs: StepInputs, training: Objective) -> Objective:
    """Return the objective in float64, with the dropout masks of the training.

    Args:
        inputs: the step.
        training: the objective in the dtype of the training, evaluated.
    """
    spec = inputs.spec.model_copy(update={"dtype": "float64"})
    step = TrainStep(spec, inputs.in_features, inputs.steps_per_epoch)
    step.network.parameters[...] = inputs.arrays[PARAMETERS]
    masks = {layer.name: layer.mask > 0 for layer in training.dropouts}
    objective = Objective(step, _as_float64(inputs.batch), inputs.step)
    for layer in objective.dropouts:
        _fix_mask(layer, masks[layer.name])
    return objective


def _as_float64(batch: Batch) -> Batch:
    """Return the batch with floats of 64 bits; class indices stay, as do targets that are x."""
    arrays: dict[int, NDArray[Any]] = {
        id(array): array if array.dtype.kind == "i" else array.astype(np.float64)
        for array in batch
        if array is not None
    }
    return Batch(*(None if array is None else arrays[id(array)] for array in batch))  # type: ignore[arg-type]


def _fix_mask(layer: Dropout, kept: NDArray[np.bool_]) -> None:
    """Replace the random mask: random numbers of another dtype are others."""
    mask = np.where(kept, 1 / (1 - layer.rate), 0.0)

    def forward(x: Floats) -> Floats:
        layer.mask = mask
        return np.multiply(x, mask, out=x)

    setattr(layer, "forward", forward)  # noqa: B010 - mypy forbids to assign a method
