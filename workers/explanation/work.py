"""An open explanation as the work of a slice."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from engine.findings import Finding
from store.jobs.checkpoints import Checkpoint
from store.jobs.explanation.finish import finish_explanation
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.progress import JobProgress, record_progress
from store.replay.replay import Replay
from store.statuses import StatusReason
from workers.exactness import Exactness
from workers.kinds import Session

# Seconds between two reports of the progress.
REPORT_SECONDS = 0.5


class KeptStep(NamedTuple):
    """The state before the step, and how it was reached as JSON values."""

    state: Checkpoint
    result: dict[str, Any]


class ExplanationWork:
    """Repeats a training from its nearest kept state up to a step.

    Attributes:
        exactness: environments in which the steps were done.
        checkpoint_cost: duration of the last checkpoint in seconds.
        findings: none; those of the training are its own.
        milestone_seconds: infinite: there are no milestones.

    Args:
        replay: the training, on its way to the step.
        environment: fingerprint of this worker.
    """

    findings: tuple[Finding, ...] = ()
    milestone_seconds = math.inf

    def __init__(self, replay: Replay, environment: dict[str, Any]) -> None:
        self.exactness = Exactness(environment, lambda: replay.training.steps_done)
        self.checkpoint_cost = 0.0
        self._replay = replay
        origin = replay.origin
        if origin.environment:
            numbers = {"environment": dict(origin.environment), "exact": origin.exact}
            self.exactness.restore(numbers, exact=True)

    @property
    def steps_done(self) -> int:
        """Number of steps over all networks that lead to the state so far."""
        return self._replay.training.steps_done

    def run(self, stop: Callable[[], bool], abandon: Callable[[], bool]) -> Iterator[object]:
        """Train up to the step, or until a stop; yield where progress is to be stored."""
        has_stopped = False
        reported = time.monotonic()

        def should_stop() -> bool:
            nonlocal has_stopped
            has_stopped = has_stopped or stop()
            return has_stopped or time.monotonic() - reported >= REPORT_SECONDS

        def must_end() -> bool:
            nonlocal has_stopped
            has_stopped = has_stopped or abandon()
            return has_stopped

        while not self._replay.run(should_stop, must_end):
            if has_stopped:
                return
            yield self.steps_done
            reported = time.monotonic()

    def end_run(self) -> StatusReason | None:
        """Return whether the step is reached."""
        return StatusReason.COMPLETED if self._replay.has_arrived else None

    def checkpoint(self) -> Checkpoint:
        """Return the current state, which the next slice finds as the nearest kept one."""
        return self._replay.checkpoint()

    def save(self, session: Session, lease: Lease, checkpoint: Checkpoint | None) -> JobRecord:
        """Store progress and checkpoint together. Raises LeaseLostError."""
        return record_progress(session, lease, self._progress(), checkpoint)

    def _progress(self) -> JobProgress:
        return JobProgress(
            self.steps_done,
            environment=self.exactness.environment,
            exact=self.exactness.exact and self._replay.inexactness is None,
        )

    def end_saving(self) -> None:
        """Do nothing: there are no records besides the progress."""

    def make_result(
        self,
        *,
        is_complete: bool,
        stop: Callable[[], bool],  # noqa: ARG002 - of the interface
    ) -> KeptStep | None:
        """Return the state before the step; None if the explanation was cancelled."""
        if not is_complete:
            return None
        inexactness, state = self._replay.inexactness, self._replay.checkpoint()
        result = {
            "steps": self.steps_done,
            "exact": inexactness is None,
            "inexact_because": None if inexactness is None else inexactness.detail,
        }
        return KeptStep(state, result)

    def failure_of(self, error: Exception, stop: Callable[[], bool]) -> Outcome | None:
        """Leave every failure to the kind."""

    def finish(
        self, session: Session, lease: Lease, outcome: Outcome, result: KeptStep | None
    ) -> JobRecord:
        """Keep the state and end the explanation. Raises LeaseLostError."""
        state, values = (None, None) if result is None else result
        return finish_explanation(session, lease, outcome, self._progress(), state, values)

    def close(self) -> None:
        """Do nothing: a training holds only memory and mapped files, freed with the object."""
