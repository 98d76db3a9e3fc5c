"""The way to a step of a job: from which kept state, and how far."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.orm import Session

from engine.stored.specs import read_spec
from store.errors import DatasetGoneError
from store.jobs.jobs import JobRecord
from store.replay.position import Place, Position, position_of
from store.replay.states.job_steps import JobSteps, find_steps
from store.replay.states.kept_states import KeptState, find_states, nearest_state
from store.replay.states.restores import find_restores
from store.replay.states.stored_places import find_stored_places


@dataclass(frozen=True)
class ReplayPlan:
    """The way to a step.

    Attributes:
        job: the job.
        steps: its steps.
        states: its kept states.
        origin: the state to start from.
        place: the place to go to.
        without_data: places before steps whose state is stored, so that they need no dataset.
    """

    job: JobRecord
    steps: JobSteps
    states: Sequence[KeptState]
    origin: KeptState
    place: Place
    without_data: Sequence[Place]

    @property
    def least_steps(self) -> int:
        """Number of steps to repeat; a lower bound with restores, or folds of unknown length."""
        before = self.steps.steps_before(self.place)
        # A way through a divergence may begin after the step, which is then done again.
        return self.place.step if before is None else max(0, before - self.origin.steps)

    @property
    def seconds_per_step(self) -> float:
        """Mean duration of a step of the job, with validation."""
        return self.job.training_seconds / max(self.job.steps, 1)

    def data_gone(self, what: str) -> DatasetGoneError:
        """Return the error for a job whose dataset or initial model has been deleted."""
        kept = (position_of(place, self.steps.folds) for place in self.without_data)
        return DatasetGoneError(what, {str(position): asdict(position) for position in kept})


def plan_replay(
    session: Session, job: JobRecord, position: Position, environment: Mapping[str, Any]
) -> ReplayPlan:
    """Return the shortest way to a step. Raises StepNotFoundError, LaterVersionError.

    Args:
        session: session of a transaction.
        job: the job, of kind `training`.
        position: the step to go to.
        environment: fingerprint of this process.
    """
    spec = read_spec(job.spec, job.spec_version)
    states = find_states(session, job)
    steps = find_steps(job, spec, states, find_restores(session, job, spec))
    place = steps.place_of(position)
    origin = nearest_state(states, place, environment)
    return ReplayPlan(job, steps, states, origin, place, find_stored_places(session, steps, states))
