"""The steps of a job, per network: where each network begins, and which steps exist."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from engine.preparation.part_rows import PartRows
from engine.specs import ResolvedSpec
from store.errors import StepNotFoundError
from store.jobs.jobs import JobRecord
from store.replay.position import Place, Position, count_folds, count_steps_per_epoch, position_of
from store.replay.states.kept_states import KeptState
from store.replay.states.restores import Restores
from store.statuses import StatusReason


@dataclass(frozen=True)
class JobSteps:
    """The steps of a job: counted over all networks, and per network where that is known.

    Attributes:
        job: the job.
        folds: number of networks before the final one.
        starts: steps before each network, by its index; networks whose beginning is unknown are
            missing. Early stopping decides the length of a fold, which only later states show.
        restores: returns of each network to an earlier state after a divergence.
        diverged_in: step of the last network in which the job diverged; None if it did not, or in
            the validation after a step.
    """

    job: JobRecord
    folds: int
    starts: dict[int, int]
    restores: Restores
    diverged_in: int | None

    @property
    def bound(self) -> int:
        """The first step over all networks that cannot be reached.

        A job without a step will do the first one. The step at which a job diverged counts as done
        only if its update was computed.
        """
        job = self.job
        if job.status_reason is StatusReason.DIVERGED:
            return job.steps + 1
        is_waiting = job.steps == 0 and not job.status.is_terminal
        return 1 if is_waiting else job.steps

    def place_of(self, position: Position) -> Place:
        """Return the place of a position. Raises StepNotFoundError if it cannot exist."""
        fold, done = position.fold, self.job.folds_done
        network = self.folds if fold is None else fold
        if fold is not None and not 0 <= network < self.folds:
            reason = (
                f"the job has {self.folds} folds, counted from 0"
                if self.folds
                else "the job has no folds; leave `fold` out"
            )
            raise StepNotFoundError(str(position), reason)
        if network > done:
            reason = f"the job has finished {done} of {self.folds} folds"
            raise StepNotFoundError(str(position), reason)
        place = self._final_place(network, position.step)
        start = self.starts.get(network)
        if start is not None:
            self._require(place, start, self.starts.get(network + 1))
        if position.step < 0:
            raise StepNotFoundError(str(position), "steps are counted from 0")
        return place

    def _require(self, place: Place, start: int, end: int | None) -> None:
        if end is not None and place.step >= end - start:
            raise self.beyond_the_network(place, end - start)
        if start + place.step >= self.bound:
            raise self.beyond_the_end(place, start)

    def _final_place(self, network: int, step: int) -> Place:
        """Return where a step was done for the last time: after restores, steps are done again."""
        again = [one.number for one in self.restores.get(network, ()) if one.step <= step]
        return Place(network, step, max(again, default=0))

    def is_in_last_try(self, place: Place) -> bool:
        """Return whether the network of a place is not restored any more after it."""
        return all(one.number <= place.restores for one in self.restores.get(place.network, ()))

    def has(self, place: Place) -> bool:
        """Return whether the step at a place exists, as far as is known, and is not done again."""
        if place != self._final_place(place.network, place.step):
            return False
        start, end = (self.starts.get(place.network + more) for more in (0, 1))
        is_past = start is not None and end is not None and place.step >= end - start
        return not is_past and (start is None or start + place.step < self.bound)

    def steps_before(self, place: Place) -> int | None:
        """Return the steps over all networks before a place; None if that is unknown."""
        start = self.starts.get(place.network)
        return None if start is None else start + place.step

    def beyond_the_end(self, place: Place, start: int) -> StepNotFoundError:
        """Return the error for a step after those that the job has done.

        Args:
            place: the place that does not exist.
            start: steps before its network.
        """
        position, done = position_of(place, self.folds), self.job.steps - start
        reason = "has not begun" if self.folds and done <= 0 else f"has done {_count(done)}"
        if self.diverged_in is not None and place.network == self.job.folds_done:
            reason += f" and diverged in step {self.diverged_in}, which can be explained"
        last = self.bound - start - 1
        return self._not_found(position, reason, None if last < 0 else last)

    def beyond_the_network(self, place: Place, steps: int) -> StepNotFoundError:
        """Return the error for a step of a network that ended after `steps` steps."""
        position = position_of(place, self.folds)
        return self._not_found(position, f"ended after {_count(steps)}", steps - 1)

    def _not_found(self, position: Position, reason: str, last: int | None) -> StepNotFoundError:
        point = None if last is None else asdict(Position(last, position.fold))
        return StepNotFoundError(str(position), f"{self._name(position)} {reason}", point)

    def _name(self, position: Position) -> str:
        """Return what the steps of a position are steps of."""
        if position.fold is not None:
            return f"fold {position.fold}"
        return "the final network" if self.folds else "the job"


def find_steps(
    job: JobRecord, spec: ResolvedSpec, states: Sequence[KeptState], restores: Restores
) -> JobSteps:
    """Return the steps of a job, from its record, its kept states and its restores."""
    starts = _fixed_starts(job, spec)
    starts |= {network: found[0].start for network, found in restores.items()}
    starts |= {state.place.network: state.steps - state.place.step for state in states}
    return JobSteps(job, count_folds(spec), starts, restores, _find_diverged_step(job, spec))


def _find_diverged_step(job: JobRecord, spec: ResolvedSpec) -> int | None:
    """Return the step of its network in which a job diverged, see `JobSteps`."""
    if job.status_reason is not StatusReason.DIVERGED or job.error is None or job.rows is None:
        return None
    per_epoch = count_steps_per_epoch(spec, PartRows.from_json(job.rows), job.folds_done)
    epoch, step = job.error["epoch"], job.error["step"]
    # The validation follows the last step of an epoch.
    return epoch * per_epoch + step if step < per_epoch else None


def _fixed_starts(job: JobRecord, spec: ResolvedSpec) -> dict[int, int]:
    """Return the beginnings of networks that train for all epochs; of folds, once rows are known.

    A job of which a caller has ended a network early has not begun the next.
    """
    starts = {0: 0}
    ends_early = spec.early_stopping is not None or spec.on_finding == "stop"
    if ends_early or job.rows is None:
        return starts
    rows = PartRows.from_json(job.rows)
    for network in range(len(rows.folds)):
        steps = spec.epochs * count_steps_per_epoch(spec, rows, network)
        starts[network + 1] = starts[network] + steps
    return starts


def _count(steps: int) -> str:
    match steps:
        case 0:
            return "no step"
        case 1:
            return "1 step (0)"
        case _:
            return f"{steps:,} steps (0…{steps - 1})"
