"""Steps of a job whose dataset or initial model is gone: from a kept state alone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.preparation.part_rows import PartRows
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import read_preprocessing
from engine.stored.specs import read_spec
from engine.stored.training_states import upgrade_training_state
from engine.training.loop import TrainingState
from engine.training.state_arrays import copy_arrays
from engine.training.step_inputs import OPTIMIZER, PARAMETERS, StepInputs, state_arrays
from engine.training.train_step import TrainStep
from store.blobs.artifacts import get_artifact
from store.blobs.tensors import unpack_arrays
from store.errors import DatasetGoneError
from store.jobs.checkpoints import Checkpoint
from store.jobs.jobs import JobRecord
from store.models import get_model
from store.prepared.open import DataResources
from store.replay.exactness import Inexactness, find_inexactness
from store.replay.plan import ReplayPlan, plan_replay
from store.replay.position import Position, count_steps_per_epoch, position_of
from store.replay.replay import Replay
from store.replay.states.kept_states import KeptState, load_state
from store.replay.states.stored_places import find_preprocessed, start_model_of


@dataclass(frozen=True)
class StepWithoutData:
    """A step whose rows come from elsewhere.

    Attributes:
        plan: the way to the step, whose origin is the step itself.
        spec: the training's spec.
        preprocessing: the preprocessing of the step's network, which encodes rows.
        inexactness: why its bits may differ from those of the job; None if they cannot.
        gone: the dataset or model that has been deleted, with its id.
        steps_done: 0: no step is repeated.
    """

    plan: ReplayPlan
    spec: ResolvedSpec
    preprocessing: Preprocessing
    inexactness: Inexactness | None
    gone: str
    _inputs: StepInputs
    steps_done: int = 0

    @property
    def position(self) -> Position:
        """The position of the step."""
        return position_of(self.plan.place, self.plan.steps.folds)

    @property
    def from_position(self) -> Position:
        """The same position."""
        return self.position

    @property
    def origin(self) -> KeptState:
        """The state that the step is opened from: the start, for the first step of a network."""
        origin = self.plan.origin
        return origin if origin.place == self.plan.place else self.plan.states[0]

    def next_step(self) -> StepInputs:
        """Return everything that the step depends on, with a batch of no rows."""
        return self._inputs

    def data_gone(self) -> DatasetGoneError:
        """Return the error for a request that needs rows of the dataset."""
        return self.plan.data_gone(self.gone)


# A step of a job that is about to be done, with or without the job's data.
PositionedStep = Replay | StepWithoutData


def find_step_without_data(
    resources: DataResources, job: JobRecord, position: Position, gone: str
) -> StepWithoutData | None:
    """Return a step of a job from its stored state alone; None if that is not stored.

    Raises StepNotFoundError, LaterVersionError, DamagedArtifactError, StoreUnavailableError.

    Args:
        resources: resources of this process.
        job: the job, of kind `training`.
        position: the step.
        gone: the dataset or model that has been deleted, with its id.
    """
    spec = read_spec(job.spec, job.spec_version)
    with resources.database.reading() as session:
        plan = plan_replay(session, job, position, resources.environment)
        steps = _count_steps_per_epoch(job, spec, plan)
        if plan.place not in plan.without_data or steps is None:
            return None
        preprocessing = _load_preprocessing(session, plan)
        state = _load_state(session, plan)
        weights = _load_start(session, job) if state is None else None
    step = TrainStep(spec, preprocessing.width, steps)
    if weights is not None:
        step.network.load(weights)
    inputs = _empty_inputs(spec, preprocessing.width, steps, step)
    if state is not None:
        inputs = _with_state(inputs, state)
    inexactness = _find_inexactness(plan, resources)
    return StepWithoutData(plan, spec, preprocessing, inexactness, gone, inputs)


def _find_inexactness(plan: ReplayPlan, resources: DataResources) -> Inexactness | None:
    before = plan.steps.steps_before(plan.place)
    # Where the steps before the network are not known, those of the whole job are to be exact.
    step = max(0, plan.job.steps - 1) if before is None else before
    return find_inexactness(plan.job, plan.states, step, resources.environment)


def _count_steps_per_epoch(job: JobRecord, spec: ResolvedSpec, plan: ReplayPlan) -> int | None:
    """Return the steps per epoch of the step's network; None if its rows were not recorded."""
    if job.rows is None:
        return None
    return count_steps_per_epoch(spec, PartRows.from_json(job.rows), plan.place.network)


def _load_preprocessing(session: Session, plan: ReplayPlan) -> Preprocessing:
    """Return the preprocessing of the step's network: that of its states, or of the job's model."""
    state = find_preprocessed(plan.states).get(plan.place.network)
    checkpoint = None if state is None else load_state(session, state)
    if checkpoint is not None:
        return read_preprocessing(checkpoint.numbers["preprocessing"], checkpoint.spec_version)
    model = get_model(session, str(plan.job.model_id))
    return read_preprocessing(model.preprocessing, model.spec_version)


def _load_state(session: Session, plan: ReplayPlan) -> TrainingState | None:
    """Return the state of the step's network; None if it is that of the initial weights."""
    checkpoint = load_state(session, plan.origin)
    if checkpoint is None or plan.origin.place != plan.place:
        return None
    state = upgrade_training_state(_state_in(checkpoint), checkpoint.spec_version)
    # With folds, the numbers of the network are within those of the cross-validation.
    return replace(state, numbers=state.numbers.get("training", state.numbers))


def _state_in(checkpoint: Checkpoint) -> TrainingState:
    return TrainingState(checkpoint.arrays, checkpoint.numbers["training"])


def _load_start(session: Session, job: JobRecord) -> Mapping[str, Floats] | None:
    """Return the initial weights; None for those of the seed."""
    model_id = start_model_of(job)
    if model_id is None:
        return None
    return unpack_arrays(get_artifact(session, get_model(session, model_id).artifact))


def _empty_inputs(
    spec: ResolvedSpec, width: int, steps_per_epoch: int, step: TrainStep
) -> StepInputs:
    """Return the inputs of the first step, without rows."""
    x: Floats = np.empty((0, width), np.dtype(spec.dtype))
    return StepInputs(
        spec=spec,
        in_features=width,
        steps_per_epoch=steps_per_epoch,
        batch=Batch(x, x),
        positions=None,
        arrays=copy_arrays(state_arrays(step)),
        schedule=dict(step.schedule.state),
        step=0,
        epoch=0,
        step_in_epoch=0,
    )


def _with_state(inputs: StepInputs, state: TrainingState) -> StepInputs:
    numbers: dict[str, Any] = state.numbers
    names = (name for name in state.arrays if name == PARAMETERS or name.startswith(OPTIMIZER))
    return replace(
        inputs,
        arrays={name: state.arrays[name] for name in names},
        schedule=dict(numbers["schedule"]),
        step=numbers["steps_done"],
        epoch=numbers["epoch"],
        step_in_epoch=numbers["step"],
    )
