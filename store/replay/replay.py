"""A job's training on its way from a kept state to a step."""

from collections.abc import Callable
from typing import Any

from engine.errors import DivergenceError
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.stored.preprocessing import dump_preprocessing
from engine.training.loop import TrainingProtocol, train
from engine.training.step_inputs import StepInputs
from engine.training.stopping import never
from store.blobs.tensors import pack_arrays
from store.errors import StepNotFoundError
from store.jobs.checkpoints import Checkpoint
from store.prepared.open import JobData
from store.replay.exactness import Inexactness, find_inexactness
from store.replay.plan import ReplayPlan
from store.replay.position import Place, Position, position_of
from store.replay.states.kept_states import KeptState


class Replay:
    """A training that is repeated up to a step of one of its networks.

    Attributes:
        training: the training, wherever it is now.
        data: the job's opened data.
        plan: the way to the step.

    Args:
        training: the training, restored from the plan's origin.
        data: the job's opened data.
        plan: the way to the step.
        environment: fingerprint of this process.
    """

    def __init__(
        self,
        training: TrainingProtocol,
        data: JobData,
        plan: ReplayPlan,
        environment: dict[str, Any],
    ) -> None:
        self.training, self.data, self.plan = training, data, plan
        self._environment = environment
        self._steps, self._place = plan.steps, plan.place
        origin = plan.origin
        # Steps before each network that was passed, by its index; the last is the current one.
        self._starts = {origin.place.network: origin.steps - origin.place.step}
        self._counted, self._repeated = origin.steps, 0
        # With one network that never goes back, the number of steps alone decides.
        self._is_straight = not self._steps.folds and data.spec.on_divergence is None
        self._last = min(self._place.step, self._steps.bound)

    @property
    def spec(self) -> ResolvedSpec:
        """The training's spec."""
        return self.data.spec

    @property
    def preprocessing(self) -> Preprocessing:
        """The preprocessing of the current network."""
        return self.training.preprocessing

    def next_step(self) -> StepInputs:
        """Return copies of everything that the next step depends on."""
        return self.training.next_step()

    @property
    def origin(self) -> KeptState:
        """The kept state from which it started."""
        return self.plan.origin

    @property
    def position(self) -> Position:
        """The position to go to."""
        return position_of(self._place, self._steps.folds)

    @property
    def from_position(self) -> Position:
        """The position of the kept state from which it started."""
        return position_of(self.origin.place, self._steps.folds)

    @property
    def steps_done(self) -> int:
        """Number of steps repeated so far."""
        return self._repeated + self._steps_since_count

    @property
    def _steps_since_count(self) -> int:
        return max(0, self.training.steps_done - self._counted)

    @property
    def steps_to_do(self) -> int | None:
        """Number of steps to repeat in all; None while the length of a fold is unknown."""
        start = self._starts.get(self._place.network)
        known = self._steps.steps_before(self._place)
        before = known if start is None else start + self._place.step
        return None if before is None else max(0, before - self.origin.steps)

    @property
    def has_arrived(self) -> bool:
        """Whether the training is before the step to go to."""
        training = self.training
        is_between_steps = not training.has_network_ended and not training.is_validating
        return is_between_steps and self._locate() == self._place

    def _locate(self) -> Place:
        """Return where the training is."""
        network, steps = self.training.folds_done, self.training.steps_done
        # A restore reduces the number of steps.
        self._repeated += self._steps_since_count
        self._counted = steps
        # A stop condition is evaluated before the first step of each network.
        start = self._starts.setdefault(network, steps)
        return Place(network, steps - start, self._count_restores(network))

    def _count_restores(self, network: int) -> int:
        """Return the number of restores of a network so far."""
        origin, fold = self.origin.place, network if self.training.is_in_folds else None
        before = origin.restores if origin.network == network else 0
        own = [one.number for one in self.training.restores if one.fold == fold]
        return max(own, default=before)

    def run(self, stop: Callable[[], bool] = never, abandon: Callable[[], bool] = never) -> bool:
        """Train up to before the step; return whether it has arrived, else `stop` ended it.

        Args:
            stop: called before each step.
            abandon: called within long steps; True abandons the step and ends the run.

        Raises:
            StepNotFoundError: the network, or the job, ended before the step.
            DataError: a fold's rows cannot be trained on.
        """
        try:
            for _ in train(self.training, lambda: self._is_over() or stop(), abandon):
                pass
        except DivergenceError as error:
            if self.training.steps_done < self._steps.job.steps:
                raise
            raise self._missing() from error
        if self.has_arrived:
            return True
        if self.training.is_validating:
            return False
        if self._is_over() or self.training.reason is not None:
            raise self._missing()
        return False

    def _is_over(self) -> bool:
        """Whether the step has been reached, or cannot be reached any more."""
        if self._is_straight:
            # Evaluated before each step: this takes a fraction of the time of a place.
            return self.training.steps_done >= self._last
        place = self._locate()
        is_beyond = self.training.steps_done >= self._steps.bound
        return place >= self._place or (is_beyond and self._steps.is_in_last_try(place))

    def _missing(self) -> StepNotFoundError:
        """Return the error for a step that was not reached."""
        place, network = self._locate(), self._place.network
        start = self._starts.get(network)
        if start is not None and place.network > network:
            length = self._starts[network + 1] - start
            return self._steps.beyond_the_network(self._place, length)
        if place.network == network and self.training.has_network_ended:
            return self._steps.beyond_the_network(self._place, place.step)
        done = self.training.steps_done if start is None else start
        return self._steps.beyond_the_end(self._place, done)

    @property
    def inexactness(self) -> Inexactness | None:
        """Why the next step may have other bits here than in the job; None if it cannot."""
        return self._inexactness_at(self.training.steps_done)

    def _inexactness_at(self, step: int) -> Inexactness | None:
        return find_inexactness(self.plan.job, self.plan.states, step, self._environment)

    def checkpoint(self) -> Checkpoint:
        """Return the current state, from which `open_at_nearest` resumes if it is stored.

        It is to be stored with a job of its own, whose `subject_id` is the training.
        """
        state = self.training.state()
        is_same = self.steps_done == 0 or self._inexactness_at(self.training.steps_done - 1) is None
        return Checkpoint(
            steps=self.training.steps_done,
            numbers={
                "training": state.numbers,
                "preprocessing": dump_preprocessing(self.training.preprocessing),
                "environment": self._environment,
                "exact": self.origin.exact and is_same,
            },
            data=pack_arrays(state.arrays),
        )
