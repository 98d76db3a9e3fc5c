"""An open training as the work of a slice."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from engine.errors import DivergenceError
from engine.findings import Finding
from engine.stored.preprocessing import dump_preprocessing
from engine.training.loop import train
from store.blobs.packed_arrays import PackedArrays
from store.blobs.tensors import finite_or_none
from store.environment import numerics_of
from store.jobs.checkpoints import Checkpoint
from store.jobs.finish import Outcome
from store.jobs.jobs import JobRecord
from store.jobs.leases import Lease
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.finish import finish_training
from store.jobs.training.progress import record_training_progress
from store.models import NewModel
from store.statuses import StatusReason
from workers.failures import failed
from workers.kinds import Session
from workers.training.advice import find_in_result, search_rate
from workers.training.digest import TrainingDigest
from workers.training.training_recorder import TrainingRecorder


class TrainingResult(NamedTuple):
    """The model of a training, and the digest of the training with it."""

    model: NewModel
    digest: dict[str, Any]


class TrainingWork:
    """Runs a training and stores what its recorder has collected.

    Attributes:
        exactness: environments in which the steps were trained.
        checkpoint_cost: duration of the last checkpoint in seconds.

    Args:
        recorder: recorder of the training.
        digest: computes the digest of the training at its end.
    """

    def __init__(self, recorder: TrainingRecorder, digest: TrainingDigest) -> None:
        self.exactness = recorder.exactness
        self.checkpoint_cost = 0.0
        self._recorder, self._digest = recorder, digest
        self._training = recorder.training

    @property
    def milestone_seconds(self) -> float:
        """Seconds between checkpoints of which milestones are chosen."""
        return self._recorder.milestone_seconds

    @property
    def steps_done(self) -> int:
        """Number of steps over all epochs of all networks."""
        return self._training.steps_done

    @property
    def findings(self) -> Sequence[Finding]:
        """Findings about the rows and the epochs so far."""
        return self._recorder.findings

    def run(self, stop: Callable[[], bool], abandon: Callable[[], bool]) -> Iterator[object]:
        """Train until the end, a stop, or the end of the time budget; yield after each epoch."""
        recorder = self._recorder

        def should_stop() -> bool:
            recorder.on_step_begin()
            return stop() or recorder.is_out_of_time

        recorder.begin()
        for epoch in train(self._training, should_stop, abandon):
            recorder.add(epoch)
            yield epoch

    def end_run(self) -> StatusReason | None:
        """Stop the clock; return why the training is complete, None if it is not."""
        if self._recorder.is_out_of_time and self._training.reason is None:
            self._training.end("time_budget")
        self._recorder.end_training()
        reason = self._training.reason
        return None if reason is None else StatusReason(reason)

    def checkpoint(self) -> TrainingCheckpoint:
        """Return a checkpoint from which training resumes exactly, in an equal environment."""
        return self._recorder.checkpoint()

    def save(self, session: Session, lease: Lease, checkpoint: Checkpoint | None) -> JobRecord:
        """Store losses, metrics and the checkpoint together. Raises LeaseLostError."""
        recorder = self._recorder
        return record_training_progress(
            session,
            lease,
            recorder.progress(),
            recorder.unsaved,
            checkpoint,
            restores=recorder.unsaved_restores,
        )

    def end_saving(self) -> None:
        """Record the time of a committed save, and discard its records."""
        self._recorder.end_saving()

    def make_result(self, *, is_complete: bool, stop: Callable[[], bool]) -> TrainingResult | None:
        """Return the model: partial if cancelled or ended within the folds; None without a step."""
        if not is_complete and not self.steps_done:
            return None
        model = self._make_model(is_complete=is_complete)
        numerics = numerics_of(self.exactness.environment)
        chain = self._recorder.loss_chain
        digest = self._digest.compute(self._training, model, chain, numerics)
        result = TrainingResult(model, digest)
        if is_complete:
            self._recorder.freeze()
            self._recorder.add_findings(find_in_result(self._recorder, model.metrics, stop))
        return result

    def failure_of(self, error: Exception, stop: Callable[[], bool]) -> Outcome | None:
        """Return the outcome of a diverged training, with a learning rate that was tried."""
        if not isinstance(error, DivergenceError):
            return None
        self._recorder.end_training()
        self._recorder.freeze()
        # The frames of the traceback hold the diverged network, whose memory the trials need.
        error.__traceback__ = None
        search = search_rate(self._recorder, stop)
        tries = f" after {error.restores} restores" if error.restores else ""
        return failed(
            StatusReason.DIVERGED,
            f"{error}{tries}; {search.advice}",
            epoch=error.epoch,
            step=error.step,
            layer=error.layer,
            last_loss=finite_or_none(error.last_loss),
            learning_rate=finite_or_none(error.learning_rate),
            suggested_learning_rate=search.found,
            restores=error.restores,
        )

    def _make_model(self, *, is_complete: bool) -> NewModel:
        weights = self._training.weights()
        found = self._training.cross_validation
        return NewModel(
            preprocessing=dump_preprocessing(self._training.model_preprocessing()),
            metrics=self._recorder.model_metrics,
            parameter_count=sum(array.size for array in weights.values()),
            weights=PackedArrays(weights),
            partial=not is_complete or self._training.is_in_folds,
            cross_validation=None if found is None else asdict(found),
            numerics=numerics_of(self.exactness.environment),
            # Evaluated once, for the weights of a complete training.
            test_metrics=self._training.test_metrics() if is_complete else None,
        )

    def finish(
        self, session: Session, lease: Lease, outcome: Outcome, result: TrainingResult | None
    ) -> JobRecord:
        """Store the last losses, the model and the digest, and end the job.

        Raises LeaseLostError.
        """
        recorder = self._recorder
        model, digest = (None, None) if result is None else result
        return finish_training(
            session,
            lease,
            outcome,
            model,
            recorder.progress(),
            recorder.unsaved,
            digest,
            restores=recorder.unsaved_restores,
        )

    def close(self) -> None:
        """Do nothing: a training holds only memory and mapped files, freed with the object."""
