"""A training and its books: losses, times and checkpoints on their way to the database."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from engine.metrics import Metric
from engine.training.loop import TrainingProtocol
from engine.training.progress import EpochRecord
from store.blobs.tensors import pack_arrays
from store.jobs.checkpoints import Checkpoint
from store.jobs.jobs import JobRecord
from store.jobs.progress import JobProgress, LossRecord
from workers.environment import gives_equal_bits
from workers.training_data import PREPROCESSING, TrainingDataLoader


@dataclass(frozen=True)
class _Origin:
    """How many steps a checkpoint holds, and in which environment they were trained."""

    steps: int
    environment: dict[str, Any]
    exact: bool


class TrainingRecorder:
    """Collects what a training yields and says what is to be stored. Times are seconds.

    Attributes:
        checkpoint_cost: seconds that the last checkpoint took.

    Args:
        job: as it was claimed.
        training: of the job.
        max_seconds: of training, after which it is out of time; None for any number.
        preparing: of its data; what a fold's take is no training.
        environment: of this worker, see `workers.environment`.
    """

    def __init__(
        self,
        job: JobRecord,
        training: TrainingProtocol,
        max_seconds: float | None,
        preparing: TrainingDataLoader,
        environment: dict[str, Any],
    ) -> None:
        self.training = training
        self.checkpoint_cost = 0.0
        self._job = job
        self._max_seconds = max_seconds
        self._preparing = preparing
        self._prepared_seconds = 0.0
        self._in_folds = training.is_in_folds
        self.unsaved: list[LossRecord] = []
        self._latest = job.latest_metrics
        self._preparing_seconds = job.preparing_seconds
        self._training_seconds = job.training_seconds
        self._saving_seconds = job.saving_seconds
        self._epoch_seconds = 0.0
        self._measured_seconds = 0.0
        self._measured_epochs = 0
        self._clock = time.monotonic()
        # Of the steps before this worker's; None where there are none.
        self._restored: _Origin | None = None
        self._environment = environment
        self._is_move_recorded = False

    @property
    def environment(self) -> dict[str, Any]:
        """The environment in which the last step was trained."""
        if self._restored is None or self._has_trained(self._restored):
            return self._environment
        return self._restored.environment

    @property
    def exact(self) -> bool:
        """Whether all steps were trained in environments that give equal bits."""
        return self._restored is None or (self._restored.exact and not self._has_moved)

    @property
    def records_move(self) -> bool:
        """Whether the next save is the first with steps that another environment would not give."""
        return self._has_moved and not self._is_move_recorded

    @property
    def _has_moved(self) -> bool:
        origin = self._restored
        if origin is None or not self._has_trained(origin):
            return False
        return not gives_equal_bits(origin.environment, self._environment)

    def _has_trained(self, origin: "_Origin") -> bool:
        """Whether this worker has done any step after the checkpoint."""
        return self.training.steps_done > origin.steps

    @property
    def is_out_of_time(self) -> bool:
        """Whether the job has trained for as long as it may."""
        if self._max_seconds is None:
            return False
        under_way = time.monotonic() - self._clock - self._unnoted_preparing
        return self._training_seconds + under_way >= self._max_seconds

    @property
    def _unnoted_preparing(self) -> float:
        return self._preparing.seconds - self._prepared_seconds

    @property
    def preprocessing(self) -> dict[str, Any]:
        """What the network under way is trained behind, as JSON values."""
        found: dict[str, Any] = PREPROCESSING.dump_python(self.training.preprocessing, mode="json")
        return found

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
        self._prepared_seconds = self._preparing.seconds

    def end_training(self) -> None:
        """What passed since the last lap was training, and preparing the data of folds."""
        preparing = self._unnoted_preparing
        seconds = self._lap() - preparing
        self._prepared_seconds += preparing
        self._preparing_seconds += preparing
        self._training_seconds += seconds
        if not self._in_folds:
            self._epoch_seconds += seconds
            self._measured_seconds += seconds

    def note_step(self) -> None:
        """A step is about to be done: what folds took belongs to no epoch of the last network."""
        if self._in_folds and not self.training.is_in_folds:
            self.end_training()
            self._in_folds = False

    def end_saving(self) -> None:
        """What passed since the last lap was saving, and it is saved."""
        self._saving_seconds += self._lap()
        self._is_move_recorded = self._has_moved
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

    def progress(self) -> JobProgress:
        """How far the training is, as the columns of a job."""
        samples = self._measured_epochs * self.training.rows if self._measured_epochs else 0
        found = self.training.cross_validation
        return JobProgress(
            epoch=self.training.epoch,
            steps=self.training.steps_done,
            samples_per_second=samples / self._measured_seconds if samples else None,
            epochs_since_best=self.training.epochs_since_best,
            folds_done=self.training.folds_done,
            cross_validation=None if found is None else asdict(found),
            latest_metrics=self._latest,
            best_metrics=self.training.best,
            preparing_seconds=self._preparing_seconds,
            training_seconds=self._training_seconds,
            saving_seconds=self._saving_seconds,
            environment=self.environment,
            exact=self.exact,
        )

    def checkpoint(self) -> Checkpoint:
        """Everything needed to go on exactly from here, in the same environment."""
        state = self.training.state()
        return Checkpoint(
            epoch=self.training.epoch,
            steps=self.training.steps_done,
            numbers={
                "training": state.numbers,
                "epoch_seconds": self._epoch_seconds,
                "preprocessing": self.preprocessing,
                "seed": self._job.spec["seed"],
                "dataset_sha256": self._job.dataset_sha256,
                "environment": self.environment,
                "exact": self.exact,
            },
            data=pack_arrays(state.arrays),
            metrics=self._latest or {},
            score=self.training.score(self._latest or {}),
        )

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from there, also where epochs after it were told of that are now done again."""
        self._latest = checkpoint.metrics or None
        self._epoch_seconds = checkpoint.numbers["epoch_seconds"]
        self._in_folds = self.training.is_in_folds
        self._restored = _Origin(
            steps=self.training.steps_done,
            environment=checkpoint.numbers.get("environment", {}),
            # Checkpoints of earlier versions do not have it.
            exact=checkpoint.numbers.get("exact", self._job.exact),
        )

    @property
    def model_metrics(self) -> dict[str, Metric]:
        """The metrics that belong to the weights this training would leave now."""
        if self.training.keeps_best and self.training.best is not None:
            return self.training.best
        return self._latest or {}
