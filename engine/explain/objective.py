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
        kept: where each dropout layer keeps its inputs, by its name, per chunk of the same pass.

    Args:
        step: network, loss and penalties.
        batch: the rows.
        index: index of the step, which selects the dropout masks.
    """

    def __init__(self, step: TrainStep, batch: Batch, index: int) -> None:
        self._step, self._batch = step, batch
        self._layers = list(walk(iter(step.network.layers)))
        step.passes.begin_step(index)
        self.evaluations = 0
        self.loss = math.nan
        self.pieces: list[Pieces] = []
        self.kept: list[dict[str, NDArray[np.bool_]]] = []

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
        self.pieces, self.kept = [], []
        with np.errstate(all="ignore"):
            self.loss = step.passes.forward(batch, self._keep)
            return self.loss + step.penalties.value()

    def _keep(self, _rows: slice, _chunk: Batch, _loss: float, _logits: Floats) -> None:
        """Keep the pieces and the dropout masks of a chunk."""
        found = [layer.pieces() for layer in self._layers]
        self.pieces += [one for one in (*found, self._step.loss.pieces()) if one is not None]
        self.kept.append({layer.name: layer.mask > 0 for layer in self.dropouts})

    def gradient(self) -> Floats:
        """Return a copy of ∂J/∂w for all trained parameters."""
        step = self._step
        with np.errstate(all="ignore"):
            step.passes.run(self._batch)
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
    in_features, steps = inputs.in_features, inputs.steps_per_epoch
    step = TrainStep(spec, in_features, steps, has_weights=True)
    step.network.parameters[...] = inputs.arrays[PARAMETERS]
    # Each chunk has its own masks.
    step.passes.chunk_rows = training.step.passes.chunk_rows
    objective = Objective(step, _as_float64(inputs.batch), inputs.step)
    for layer in objective.dropouts:
        _fix_masks(layer, [kept[layer.name] for kept in training.kept])
    return objective


def _as_float64(batch: Batch) -> Batch:
    """Return the batch with floats of 64 bits; class indices stay, as do targets that are x."""
    arrays: dict[int, NDArray[Any]] = {
        id(array): array if array.dtype.kind == "i" else array.astype(np.float64)
        for array in batch
        if array is not None
    }
    return Batch(*(None if array is None else arrays[id(array)] for array in batch))  # type: ignore[arg-type]


def _fix_masks(layer: Dropout, kept: list[NDArray[np.bool_]]) -> None:
    """Replace the random mask of each chunk: random numbers of another dtype are others."""
    masks = [np.where(of_chunk, 1 / (1 - layer.rate), 0.0) for of_chunk in kept]
    mask = masks[0]

    def begin_step(_step: int, chunk: int) -> None:
        nonlocal mask
        mask = masks[chunk]

    def forward(x: Floats) -> Floats:
        layer.mask = mask
        return np.multiply(x, mask, out=x)

    for method in (begin_step, forward):
        setattr(layer, method.__name__, method)
