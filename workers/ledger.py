"""A training and its books: losses, times and checkpoints on their way to the database."""

import time
from dataclasses import asdict
from typing import Any

from engine.metrics import Metric
from engine.specs import ResolvedSpec
from engine.training import EpochRecord, Training
from store.jobs import JobRecord
from store.progress import Checkpoint, LossRecord, Progress
from store.tensors import pack_arrays


class Ledger:
    """Collects what a training yields and says what is to be stored. Times are seconds."""

    def __init__(
        self,
        job: JobRecord,
        spec: ResolvedSpec,
        training: Training,
        preprocessing: dict[str, Any],
    ) -> None:
        self.training = training
        self.preprocessing = preprocessing
        stopping = spec.early_stopping
        self._keeps_best = stopping is not None and stopping.restore_best
        self._max_seconds = spec.max_seconds
        self.unsaved: list[LossRecord] = []
        self._latest = job.latest_metrics
        self._preparing_seconds = job.preparing_seconds
        self._training_seconds = job.training_seconds
        self._saving_seconds = job.saving_seconds
        self._epoch_seconds = 0.0
        self._measured_seconds = 0.0
        self._measured_epochs = 0
        self._clock = time.monotonic()

    @property
    def is_out_of_time(self) -> bool:
        """Whether the job has trained for as long as it may."""
        if self._max_seconds is None:
            return False
        return self._training_seconds + time.monotonic() - self._clock >= self._max_seconds

    def _lap(self) -> float:
        now = time.monotonic()
        seconds, self._clock = now - self._clock, now
        return seconds

    def begin(self) -> None:
        """Start the clock."""
        self._clock = time.monotonic()

    def end_preparing(self, started: float) -> None:
        """What passed since `started` (time.monotonic) was preparation."""
        self._preparing_seconds += time.monotonic() - started

    def end_training(self) -> None:
        """What passed since the last lap was training."""
        seconds = self._lap()
        self._training_seconds += seconds
        self._epoch_seconds += seconds
        self._measured_seconds += seconds

    def end_saving(self) -> None:
        """What passed since the last lap was saving, and it is saved."""
        self._saving_seconds += self._lap()
        self.unsaved.clear()

    def add(self, epoch: EpochRecord) -> None:
        """Take in an epoch that has just ended."""
        self.end_training()
        self.unsaved.append(
            LossRecord(
                epoch=epoch.epoch,
                loss=epoch.loss,
                validation_loss=epoch.validation_loss,
                metrics=epoch.metrics,
                learning_rate=epoch.learning_rate,
                gradient_norm=epoch.gradient_norm,
                seconds=self._epoch_seconds,
                layers=[asdict(layer) for layer in epoch.layers],
            )
        )
        self._latest = epoch.values()
        self._epoch_seconds = 0.0
        self._measured_epochs += 1

    def progress(self) -> Progress:
        """How far the training is, as the columns of a job."""
        samples = self._measured_epochs * self.training.rows
        return Progress(
            epoch=self.training.epoch,
            steps=self.training.steps_done,
            samples_per_second=samples / self._measured_seconds if samples else None,
            epochs_since_best=self.training.epochs_since_best,
            latest_metrics=self._latest,
            best_metrics=self.training.best,
            preparing_seconds=self._preparing_seconds,
            training_seconds=self._training_seconds,
            saving_seconds=self._saving_seconds,
        )

    def checkpoint(self) -> Checkpoint:
        """Everything needed to go on exactly from here."""
        state = self.training.state()
        return Checkpoint(
            epoch=self.training.epoch,
            steps=self.training.steps_done,
            numbers={
                "training": state.numbers,
                "epoch_seconds": self._epoch_seconds,
                "preprocessing": self.preprocessing,
            },
            data=pack_arrays(state.arrays),
            metrics=self._latest or {},
        )

    def restore_seconds(self, checkpoint: Checkpoint) -> None:
        """Go on counting the seconds of an epoch that was cut in two."""
        self._epoch_seconds = checkpoint.numbers["epoch_seconds"]

    @property
    def model_metrics(self) -> dict[str, Metric]:
        """The metrics that belong to the weights this training would leave now."""
        if self._keeps_best and self.training.best is not None:
            return self.training.best
        return self._latest or {}
