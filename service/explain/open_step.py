"""A step of a job with everything that it depends on; runs in a child process."""

import time
from dataclasses import dataclass

from engine.errors import DivergenceError
from engine.training.step_inputs import StepInputs
from service.explain.answers import (
    DifferingValue,
    InexactReason,
    ReachedStep,
    StepOrigin,
    StepPosition,
)
from service.http.errors import ReplayDivergedError
from service.schemas.explain import StepPoint
from store.errors import DatasetGoneError
from store.jobs.jobs import get_job
from store.prepared.open import DataResources
from store.replay.exactness import Inexactness
from store.replay.position import Position
from store.replay.reach_step import ReplayLimit, reach_step
from store.replay.without_data import PositionedStep, find_step_without_data
from store.statuses import TRAINING

# Longer replays are work of a worker.
REPLAY_SECONDS = 2.0


@dataclass(frozen=True)
class OpenedStep:
    """A step of a job.

    Attributes:
        inputs: everything that the step depends on.
        reached: the step as the answer describes it.
        replay: the job's training, which is about to do the step, or the step alone if the dataset
            has been deleted.
    """

    inputs: StepInputs
    reached: ReachedStep
    replay: PositionedStep


def open_step(resources: DataResources, job_id: str, request: StepPoint) -> OpenedStep:
    """Reach a step of a job. Raises NotFoundError, ReplayDivergedError, and as `reach_step`."""
    started = time.monotonic()
    with resources.database.reading() as session:
        job = get_job(session, job_id, TRAINING)
    position = Position(request.step, request.fold)
    replay: PositionedStep
    try:
        replay = reach_step(resources, job, position, ReplayLimit(REPLAY_SECONDS))
    except DivergenceError as error:
        raise ReplayDivergedError(str(error)) from error
    except DatasetGoneError as error:
        found = find_step_without_data(resources, job, position, error.what)
        if found is None:
            raise
        replay = found
    inputs = replay.next_step()
    return OpenedStep(inputs, _describe(replay, inputs, time.monotonic() - started), replay)


def _describe(replay: PositionedStep, inputs: StepInputs, seconds: float) -> ReachedStep:
    reason, start = replay.inexactness, replay.from_position
    job = replay.plan.job
    return ReachedStep(
        job_id=job.id,
        at=StepPosition(
            fold=replay.position.fold,
            step=inputs.step,
            epoch=inputs.epoch,
            step_in_epoch=inputs.step_in_epoch,
            steps_per_epoch=inputs.steps_per_epoch,
            steps=job.steps,
        ),
        origin=StepOrigin(
            kind=replay.origin.kind,
            fold=start.fold,
            step=start.step,
            replayed_steps=replay.steps_done,
            seconds=round(seconds, 3),
        ),
        exact=reason is None,
        inexact_because=None if reason is None else _explain_inexactness(reason),
    )


def _explain_inexactness(reason: Inexactness) -> InexactReason:
    differences = {
        name: DifferingValue(there, here) for name, (there, here) in reason.differences.items()
    }
    return InexactReason(reason.code, reason.detail, differences)
