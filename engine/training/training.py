"""Training: epochs of steps. It can stop after any of them, and go on to the same bits."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict

import numpy as np
from pydantic import TypeAdapter

from engine.arrays import Floats
from engine.data.batches import Batches, largest_batch
from engine.layers.chunks import chunk_rows
from engine.metrics import Metric, build_accumulator
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.training.early_stopping import EarlyStopping
from engine.training.loop import CrossValidation, TrainingState, never, train
from engine.training.progress import EpochRecord, Progress, StopReason
from engine.training.train_step import TrainStep
from engine.training.validation import Validation, build_validation

__all__ = ["EpochRecord", "StopReason", "Training", "TrainingState", "never", "train"]


class Training:
    """A network being trained on prepared data, from new weights or from given ones.

    Attributes:
        rows: it is trained on.
        preprocessing: it is trained behind.

    Args:
        spec: of the training.
        data: prepared for it.
        weights: to begin with, by name; None for new ones.
        epochs: after which it ends; None for as many as the spec says.

    Raises:
        SpecError: the layers do not fit the prepared data's width.
        ValueError: the given weights are not those of the spec's network.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        data: PreparedData,
        weights: Mapping[str, Floats] | None = None,
        epochs: int | None = None,
    ) -> None:
        self.rows = len(data.x)
        self.preprocessing: Preprocessing = data.preprocessing
        self._batches = Batches(
            data.x,
            data.y,
            data.weights,
            batch_size=spec.batch_size,
            shuffle=spec.shuffle,
            seed=spec.seed,
        )
        self._stepper = TrainStep(spec, data.preprocessing.width, self._batches.steps)
        self._network = self._stepper.network
        chunk = chunk_rows(self._network.layers, spec.dtype)
        self._network.reserve(largest_batch(spec, len(data.x), data.validation_rows, chunk))
        if weights is not None:
            self._network.load(weights)
        units, dtype = spec.network.output.units, np.dtype(spec.dtype)
        self._tally = build_accumulator(
            spec.metrics, data.preprocessing.target, data.y, units, dtype
        )
        self._validation: Validation | None = build_validation(
            spec, data, self._network, self._stepper.loss
        )
        self._stopping = EarlyStopping(spec, epochs)
        self._progress = Progress(schedule=dict(self._stepper.schedule.state))
        stopping = spec.early_stopping
        keeps_best = stopping is not None and stopping.restore_best
        self._best_parameters = np.zeros_like(self._network.parameters) if keeps_best else None

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return self._progress.epoch

    @property
    def step(self) -> int:
        """Steps done in the epoch under way."""
        return self._progress.step

    @property
    def steps_done(self) -> int:
        """Steps done over all epochs."""
        return self._progress.steps_done

    @property
    def epochs_since_best(self) -> int:
        """Epochs finished after the best one."""
        return self._progress.epochs_since_best

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch; None before the first has ended.

        The best is that of the early-stopping metric, else of validation loss, else of loss.
        """
        return None if self._progress.best is None else dict(self._progress.best)

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch, rather than of the latest."""
        return self._best_parameters is not None

    @property
    def folds_done(self) -> int:
        """None: there are no folds."""
        return 0

    @property
    def is_in_folds(self) -> bool:
        """No: the network is the one that is left."""
        return False

    @property
    def cross_validation(self) -> CrossValidation | None:
        """None: there are no folds."""
        return None

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it goes on."""
        return self._progress.reason

    def score(self, values: dict[str, Metric]) -> float | None:
        """Of an epoch's values the one that the best is chosen by; lower is better."""
        return self._stopping.score(values)

    def end(self, reason: StopReason) -> None:
        """End here, for a reason that only the caller can know, such as its clock."""
        self._progress.reason = reason

    def weights(self) -> dict[str, Floats]:
        """Copies of the parameters by name: of the best epoch if it is kept, else the latest."""
        vector = self._network.parameters
        if self._best_parameters is not None and self._progress.best is not None:
            vector = self._best_parameters
        return {name: view.copy() for name, view in self._network.views(vector).items()}

    def state(self) -> TrainingState:
        """Copies of everything needed to go on exactly."""
        arrays = {name: array.copy() for name, array in self._arrays().items()}
        self._progress.schedule = dict(self._stepper.schedule.state)
        sums = {name: _json_number(value) for name, value in self._tally.sums.items()}
        return TrainingState(arrays, asdict(self._progress) | {"sums": sums})

    def restore(self, state: TrainingState) -> None:
        """Go on from a state of a training of the same spec and data.

        Raises:
            ValueError: the state belongs to another spec.
        """
        arrays = self._arrays()
        expected = {name: (array.shape, array.dtype) for name, array in arrays.items()}
        given = {name: (array.shape, array.dtype) for name, array in state.arrays.items()}
        if given != expected:
            message = f"the state has arrays {given}, this training has {expected}"
            raise ValueError(message)
        for name, array in arrays.items():
            np.copyto(array, state.arrays[name])
        self._progress = TypeAdapter(Progress).validate_python(state.numbers)
        self._tally.sums = dict(self._progress.sums)
        self._stepper.schedule.state = dict(self._progress.schedule)

    def _arrays(self) -> dict[str, Floats]:
        """The arrays of the state, not copied."""
        arrays = {"parameters": self._network.parameters}
        slots = self._stepper.optimizer.state_arrays()
        arrays |= {f"optimizer.{name}": array for name, array in slots.items()}
        arrays |= {f"tally.{name}": array for name, array in self._tally.arrays.items()}
        if self._best_parameters is not None:
            arrays["best_parameters"] = self._best_parameters
        return arrays

    def run_epoch(self, stop: Callable[[], bool] = never) -> EpochRecord | None:
        """Finish the epoch under way and tell of it; None if `stop` ended it before its end.

        Raises:
            DivergenceError: a loss or a weight is not finite any more.
        """
        progress, batches = self._progress, self._batches
        # Overflow is looked for where it matters, after each step, and raised as divergence.
        with np.errstate(all="ignore"):
            batches.begin(progress.epoch)
            while progress.step < batches.steps:
                if stop():
                    return None
                is_last = progress.step == batches.steps - 1
                batch = batches.batch(progress.step)
                self._stepper.run(batch, progress, self._tally, is_last=is_last)
            return self._finish_epoch()

    def _finish_epoch(self) -> EpochRecord:
        """Validate, and decide whether this was the best epoch and whether it was the last."""
        stepper, validation_loss = self._stepper, None
        # Each batch's loss was finite; their sum may overflow.
        if not math.isfinite(self._tally.loss):
            raise stepper.divergence(self._progress, "output")
        metrics = self._tally.metrics()
        if stepper.penalties:
            metrics |= stepper.penalties.metrics()
        if self._validation is not None:
            tally = self._validation.run()
            validation_loss = tally.loss
            metrics |= tally.metrics("validation_")
            if not math.isfinite(validation_loss):
                raise stepper.divergence(self._progress, "output")
        record = EpochRecord(
            epoch=self.epoch,
            loss=self._tally.loss,
            validation_loss=validation_loss,
            metrics=metrics,
            learning_rate=stepper.learning_rate,
            gradient_norm=stepper.gradient_norm,
            steps=self.steps_done,
            layers=stepper.probe.records(),
        )
        self._tally.reset()
        self._note(record)
        return record

    def _note(self, record: EpochRecord) -> None:
        """Keep the parameters if they are the best, and tell the schedule of the epoch."""
        self._stepper.schedule.note_epoch(record.values())
        if self._stopping.note(self._progress, record) and self._best_parameters is not None:
            np.copyto(self._best_parameters, self._network.parameters)


def _json_number(value: float) -> float | str:
    """The value, or a text that pydantic reads as it: JSON has no infinity."""
    return value if math.isfinite(value) else str(value)
