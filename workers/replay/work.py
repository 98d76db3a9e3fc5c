"""An open replay as the work of a slice."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

from engine.errors import DivergenceError
from engine.findings import Finding
from engine.training.loop import TrainingProtocol, train
from store.blobs.artifacts import hash_artifact
from store.blobs.packed_arrays import PackedArrays
from store.db.database import Database
from store.environment import numerics_of
from store.jobs.checkpoints import Checkpoint
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.progress import JobProgress, record_progress
from store.jobs.replay.finish import finish_replay
from store.jobs.replay.verdict import ReplayResult, judge
from store.jobs.training.digest import TrainingInputs
from store.statuses import StatusReason
from workers.exactness import Exactness
from workers.kinds import Session
from workers.replay.loss_comparison import LossComparison

# Reasons of a job's end that do not follow from its spec and data: it ends after as many steps.
_ENDED_FROM_OUTSIDE = frozenset({StatusReason.TIME_BUDGET, StatusReason.USER})


class ReplayWork:
    """Repeats a training from its start, as far as the training went, and compares the results.

    Attributes:
        exactness: environments in which the steps were repeated.
        checkpoint_cost: duration of the last checkpoint in seconds.
        findings: none; those of the training are its own.
        milestone_seconds: infinite: there are no milestones.

    Args:
        database: database of the training's results.
        subject: the training.
        inputs: what the replay computes from, for its digest.
        training: the training at its start.
        environment: fingerprint of this worker.
    """

    findings: tuple[Finding, ...] = ()
    milestone_seconds = math.inf

    def __init__(
        self,
        database: Database,
        subject: JobRecord,
        inputs: TrainingInputs,
        training: TrainingProtocol,
        environment: dict[str, Any],
    ) -> None:
        self.exactness = Exactness(environment, lambda: training.steps_done)
        self.checkpoint_cost = 0.0
        self._database, self._subject, self._inputs = database, subject, inputs
        self._training = training
        self._comparison = LossComparison(database, subject.id)
        self._divergence: str | None = None

    def restore(self, checkpoint: Checkpoint, *, exact: bool) -> None:
        """Resume from a checkpoint whose training has been restored."""
        numbers = checkpoint.numbers["comparison"]
        self._comparison.restore(numbers, self._training.good_epochs)
        self.exactness.restore(checkpoint.numbers, exact=exact)

    @property
    def steps_done(self) -> int:
        """Number of steps over all epochs of all networks."""
        return self._training.steps_done

    def run(self, stop: Callable[[], bool], abandon: Callable[[], bool]) -> Iterator[object]:
        """Train until the end or a stop; yield after each epoch."""

        def must_end() -> bool:
            return abandon() or self._was_ended_here

        try:
            for epoch in train(self._training, lambda: self._has_arrived or stop(), must_end):
                self._comparison.add(epoch, self._training.good_epochs)
                yield epoch
        except DivergenceError as error:
            # The training itself did not diverge, or it would have no digest.
            self._divergence = str(error)

    @property
    def _was_ended_here(self) -> bool:
        """Whether the training was ended from outside within the validation that is under way."""
        training = self._training
        is_unrecorded = not training.is_in_folds and training.epoch == self._subject.epoch
        return training.is_validating and is_unrecorded and self._has_arrived

    @property
    def _has_arrived(self) -> bool:
        """Whether the training was ended from outside after the steps done so far."""
        subject, training = self._subject, self._training
        return (
            subject.status_reason in _ENDED_FROM_OUTSIDE
            and training.steps_done >= subject.steps
            and training.folds_done >= subject.folds_done
            and training.restores_done >= (subject.digest or {}).get("restores", 0)
        )

    def end_run(self) -> StatusReason | None:
        """Return whether the replay is complete."""
        is_between_steps = self._was_ended_here or not self._training.is_validating
        is_over = self._training.reason is not None or (is_between_steps and self._has_arrived)
        return StatusReason.COMPLETED if is_over or self._divergence is not None else None

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint from which the replay resumes exactly."""
        state = self._training.state(copy=False)
        return Checkpoint(
            steps=self.steps_done,
            numbers={
                "training": state.numbers,
                "comparison": self._comparison.numbers(),
                **self.exactness.numbers(),
            },
            data=PackedArrays(state.arrays),
        )

    def save(self, session: Session, lease: Lease, checkpoint: Checkpoint | None) -> JobRecord:
        """Store progress and checkpoint together. Raises LeaseLostError."""
        return record_progress(session, lease, self._progress(), checkpoint)

    def _progress(self) -> JobProgress:
        environment, exact = self.exactness.environment, self.exactness.exact
        return JobProgress(self.steps_done, environment=environment, exact=exact)

    def end_saving(self) -> None:
        """Do nothing: there are no records besides the progress."""

    def make_result(
        self,
        *,
        is_complete: bool,
        stop: Callable[[], bool],  # noqa: ARG002 - of the interface
    ) -> dict[str, Any] | None:
        """Return the verdict; None if the replay was cancelled."""
        if not is_complete:
            return None
        training, comparison = self._training, self._comparison
        comparison.forget_after(training.epoch)
        summary = training.cross_validation
        # As stored in the training's row: without tuples.
        folds = None if summary is None else json.loads(json.dumps(asdict(summary)))
        found = ReplayResult(
            inputs=self._inputs.digest(numerics_of(self.exactness.environment)),
            weights_sha256=hash_artifact(PackedArrays(training.weights())),
            losses_sha256=comparison.chain.value,
            epochs=comparison.epochs,
            cross_validation=folds,
            first_differing_epoch=comparison.first_differing_epoch,
            divergence=self._divergence,
        )
        with self._database.reading() as session:
            return judge(session, self._subject.id, found)

    def failure_of(self, error: Exception, stop: Callable[[], bool]) -> Outcome | None:
        """Leave every failure to the kind."""

    def finish(
        self, session: Session, lease: Lease, outcome: Outcome, result: dict[str, Any] | None
    ) -> JobRecord:
        """Store the verdict and end the replay. Raises LeaseLostError."""
        return finish_replay(session, lease, outcome, self._progress(), result)

    def close(self) -> None:
        """Do nothing: a training holds only memory and mapped files, freed with the object."""
