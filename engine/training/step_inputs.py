"""Everything that one training step depends on, as a value: to repeat, trace or change the step."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.arrays import Floats, Indices
from engine.data.split_arrays import Batch
from engine.specs import ResolvedSpec
from engine.training.state_arrays import load_arrays
from engine.training.train_step import TrainStep

PARAMETERS = "parameters"
OPTIMIZER = "optimizer."


@dataclass(frozen=True)
class StepInputs:
    """The state before a step, and its batch; nothing shares memory with the training.

    Attributes:
        spec: spec of the network that is trained; in folds, that of the fold.
        in_features: number of inputs per row.
        steps_per_epoch: number of steps per epoch.
        batch: the rows of the step.
        positions: positions of the batch's rows among the training rows, `(batch,)`; None if the
            rows are not those of the training.
        arrays: `parameters`, and the state of the optimizer as `optimizer.…`.
        schedule: state of the learning-rate schedule.
        step: index of the step, from 0 over the training of this network.
        epoch: index of the epoch.
        step_in_epoch: index of the step in its epoch.
    """

    spec: ResolvedSpec
    in_features: int
    steps_per_epoch: int
    batch: Batch
    positions: Indices | None
    arrays: Mapping[str, Floats]
    schedule: Mapping[str, float]
    step: int
    epoch: int
    step_in_epoch: int


def build_train_step(inputs: StepInputs) -> TrainStep:
    """Build the step's network, loss and optimizer, in the state before the step."""
    spec, in_features = inputs.spec, inputs.in_features
    step = TrainStep(spec, in_features, inputs.steps_per_epoch, has_weights=True)
    step.network.reserve(step.passes.rows_at_once(len(inputs.batch.x)))
    load_arrays(state_arrays(step), inputs.arrays)
    step.schedule.state = dict(inputs.schedule)
    return step


def state_arrays(step: TrainStep) -> dict[str, Floats]:
    """Return the arrays that a step changes, not copied: `parameters` and `optimizer.…`."""
    slots = step.optimizer.state_arrays()
    named = {f"{OPTIMIZER}{name}": array for name, array in slots.items()}
    return {PARAMETERS: step.network.parameters, **named}


def copy_batch(batch: Batch) -> Batch:
    """Return the batch in memory of its own; arrays that are the same object stay so."""
    copies = {id(array): array.copy() for array in batch if array is not None}
    named: dict[str, Any] = {name: copies.get(id(array)) for name, array in batch._asdict().items()}
    return batch._replace(**named)
