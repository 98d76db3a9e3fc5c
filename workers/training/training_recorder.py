"""Recorder of a training: losses, timings and checkpoints to be stored in the database."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cached_property
from typing import Any

from engine.findings import Finding, join_feature_lists
from engine.metrics import Metric
from engine.preprocessing.fitted import Classes, classes_of
from engine.stored.preprocessing import dump_preprocessing
from engine.training.loop import TrainingProtocol
from engine.training.progress import EpochRecord
from engine.training.recovery import Restore
from store.blobs.packed_arrays import PackedArrays
from store.jobs.jobs import JobRecord
from store.jobs.training.checkpoints import TrainingCheckpoint
from store.jobs.training.digest import LossChain
from store.jobs.training.losses import LossRecord
from store.jobs.training.progress import TrainingProgress
from store.prepared.loader import TrainingDataLoader
from workers.exactness import Exactness
from workers.loss_hash import LossHash
from workers.training.milestones import Milestones


class TrainingRecorder:
    """Collects the records of a training and builds the rows to store. Times are in seconds.

    Attributes:
        exactness: environments in which the steps were trained.

    Args:
        job: the job at the time of its claim.
        training: the job's training.
        max_seconds: time budget for training; None for no limit.
        loader: loads the data; time spent loading a fold is not training time.
        environment: fingerprint of this worker, see `store.environment`.
        milestone_bytes: maximum total size of the milestones.
    """

    def __init__(
        self,
        job: JobRecord,
        training: TrainingProtocol,
        max_seconds: float | None,
        loader: TrainingDataLoader,
        environment: dict[str, Any],
        milestone_bytes: int,
    ) -> None:
        self.training = training
        self.exactness = Exactness(environment, lambda: training.steps_done)
        self._job = job
        self._max_seconds = max_seconds
        self._loader = loader
        self._milestone_bytes = milestone_bytes
        self._prepared_seconds = 0.0
        self._in_folds = training.is_in_folds
        self.unsaved: list[LossRecord] = []
        self._recorded_epochs = 0
        self._loss_hash = LossHash()
        self._restores: tuple[Restore, ...] = ()
        self._saved_restores = 0
        self._latest = job.latest_metrics
        self._preparing_seconds = job.preparing_seconds
        self._training_seconds = job.training_seconds
        self._saving_seconds = job.saving_seconds
        self._epoch_seconds = 0.0
        self._measured_seconds = 0.0
        self._measured_epochs = 0
        self._clock = time.monotonic()
        self._final: TrainingProgress | None = None
        self._findings: tuple[Finding, ...] = ()
        self._earlier = [Finding(**finding) for finding in job.findings]

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings about the rows, the epochs so far and, after `freeze`, the result.

        Their fixes list no feature that a finding of the request leaves out.
        """
        found = self.training.findings if self._final is None else self._findings
        return tuple(join_feature_lists(self._loader.spec.features, found, self._earlier))

    def freeze(self) -> None:
        """Keep progress and findings as they are; the training may then be used for trials."""
        self._final, self._findings = self._progress(), self.training.findings
        self._restores = tuple(self.training.restores)

    def add_findings(self, findings: tuple[Finding, ...]) -> None:
        """Add findings about the result, after `freeze`."""
        self._findings += findings

    @property
    def restores(self) -> Sequence[Restore]:
        """Returns to an earlier state after divergences, since the training was opened."""
        return self.training.restores if self._final is None else self._restores

    @property
    def unsaved_restores(self) -> Sequence[Restore]:
        """The restores since the last save."""
        return self.restores[self._saved_restores :]

    @property
    def seconds_left(self) -> float:
        """Rest of the time budget; infinite without one."""
        if self._max_seconds is None:
            return math.inf
        return self._max_seconds - self._training_seconds

    @property
    def is_out_of_time(self) -> bool:
        """Whether the job has used up its time budget."""
        return self._max_seconds is not None and self._seconds_now >= self._max_seconds

    @property
    def milestone_seconds(self) -> float:
        """Seconds between checkpoints of which milestones are chosen; infinite without any."""
        return self._milestones.interval(self._seconds_now)

    @cached_property
    def _milestones(self) -> Milestones:
        # Known once the network is built, which is that of the checkpoint.
        return Milestones(self._milestone_bytes, self.training.state_bytes)

    @property
    def _seconds_now(self) -> float:
        """Training time up to now."""
        under_way = time.monotonic() - self._clock - self._unrecorded_preparing
        return self._training_seconds + under_way

    @property
    def _unrecorded_preparing(self) -> float:
        return self._loader.seconds - self._prepared_seconds

    @property
    def preprocessing(self) -> dict[str, Any]:
        """The fitted preprocessing of the current network, as JSON values."""
        return dump_preprocessing(self.training.preprocessing)

    def _lap(self) -> float:
        now = time.monotonic()
        seconds, self._clock = now - self._clock, now
        return seconds

    def begin(self) -> None:
        """Start the clock."""
        self._clock = time.monotonic()

    def end_preparing(self, started: float) -> None:
        """Record the time since `started` (time.monotonic) as preparation."""
        self._preparing_seconds += time.monotonic() - started
        self._prepared_seconds = self._loader.seconds

    def end_training(self) -> None:
        """Record the time since the last lap as training, minus the preparation of folds."""
        preparing = self._unrecorded_preparing
        seconds = self._lap() - preparing
        self._prepared_seconds += preparing
        self._preparing_seconds += preparing
        self._training_seconds += seconds
        if not self._in_folds:
            self._epoch_seconds += seconds
            self._measured_seconds += seconds

    def on_step_begin(self) -> None:
        """Exclude the time of the folds from the first epoch of the final network."""
        if self._in_folds and not self.training.is_in_folds:
            self.end_training()
            self._in_folds = False

    def end_saving(self) -> None:
        """Record the time since the last lap as saving, and clear the saved records."""
        self._saving_seconds += self._lap()
        self.unsaved.clear()
        self._saved_restores = len(self.restores)

    def _drop_records(self, epochs: int) -> None:
        """Drop the records after the first epochs: a restore has given them up."""
        self.unsaved = [record for record in self.unsaved if record.epoch < epochs]
        self._recorded_epochs, self._latest = epochs, None

    def add(self, epoch: EpochRecord) -> None:
        """Record an epoch that has just ended."""
        self.end_training()
        if self._recorded_epochs > epoch.epoch:
            self._drop_records(epoch.epoch)
        self._recorded_epochs = epoch.epoch + 1
        record = LossRecord(
            epoch=epoch.epoch,
            loss=epoch.loss,
            validation_loss=epoch.validation_loss,
            metrics=epoch.metrics,
            learning_rate=epoch.learning_rate,
            gradient_norm=epoch.gradient_norm,
            seconds=self._epoch_seconds,
            layers=[asdict(layer) for layer in epoch.layers],
        )
        self.unsaved.append(record)
        self._loss_hash.add(record, self.training.good_epochs)
        self._latest = epoch.values()
        self._epoch_seconds = 0.0
        self._measured_epochs += 1

    @property
    def loss_chain(self) -> LossChain:
        """The hash of the losses of all epochs so far."""
        self._loss_hash.forget_after(self.training.epoch)
        return self._loss_hash.chain

    def progress(self) -> TrainingProgress:
        """Return the training's progress, as the columns of a job."""
        return self._final or self._progress()

    def _progress(self) -> TrainingProgress:
        if self._recorded_epochs > self.training.epoch:
            self._drop_records(self.training.epoch)
        samples = self._measured_epochs * self.training.rows if self._measured_epochs else 0
        found = self.training.cross_validation
        return TrainingProgress(
            epoch=self.training.epoch,
            steps=self.training.steps_done,
            samples_per_second=samples / self._measured_seconds if samples else None,
            epochs_since_best=self.training.epochs_since_best,
            folds_done=self.training.folds_done,
            cross_validation=None if found is None else asdict(found),
            latest_metrics=self._latest,
            best_metrics=self.training.best,
            classes=self._classes,
            rows=self._rows,
            preparing_seconds=self._preparing_seconds,
            training_seconds=self._training_seconds,
            saving_seconds=self._saving_seconds,
            environment=self.exactness.environment,
            exact=self.exactness.exact,
        )

    @property
    def _classes(self) -> Classes | None:
        return classes_of(self.training.preprocessing.target)

    @property
    def _rows(self) -> dict[str, Any] | None:
        rows = self.training.part_rows
        return None if rows is None else asdict(rows)

    def checkpoint(self) -> TrainingCheckpoint:
        """Return a checkpoint from which training resumes exactly, in an equal environment.

        Its data are those of the training itself: it has to be stored before the next step.
        """
        state = self.training.state(copy=False)
        self._loss_hash.forget_after(self.training.epoch)
        return TrainingCheckpoint(
            epoch=self.training.epoch,
            steps=self.training.steps_done,
            numbers={
                "training": state.numbers,
                "epoch_seconds": self._epoch_seconds,
                "preprocessing": self.preprocessing,
                "seed": self._loader.spec.seed,
                "dataset_sha256": self._job.dataset_sha256,
                "losses": self._loss_hash.numbers(),
                **self.exactness.numbers(),
            },
            data=PackedArrays(state.arrays),
            metrics=self._latest or {},
            score=self.training.score(self._latest or {}),
            milestones=self._milestones.count(self._training_seconds),
        )

    def restore(
        self, checkpoint: TrainingCheckpoint, read_stored: Callable[[int], LossChain]
    ) -> None:
        """Resume from a checkpoint; epochs after it are trained, and reported, again.

        Args:
            checkpoint: the checkpoint.
            read_stored: returns the hash of the first stored epochs.
        """
        if "losses" in checkpoint.numbers:
            self._loss_hash.restore(checkpoint.numbers["losses"])
        elif not self.training.is_in_folds:
            good = self.training.good_epochs
            self._loss_hash.restore_from_stored(checkpoint.epoch, good, read_stored)
        self._latest = checkpoint.metrics or None
        self._epoch_seconds = checkpoint.numbers["epoch_seconds"]
        self._in_folds = self.training.is_in_folds
        self.exactness.restore(checkpoint.numbers, exact=self._job.exact)

    @property
    def model_metrics(self) -> dict[str, Metric]:
        """The metrics of the weights that this training would return now."""
        if self.training.keeps_best and self.training.best is not None:
            return self.training.best
        return self._latest or {}
