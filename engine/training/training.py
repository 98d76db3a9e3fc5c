"""The training loop: epochs of steps. It can stop after any step and resume bit for bit."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, replace

import numpy as np
from pydantic import TypeAdapter

from engine.activations import build_activation
from engine.arrays import Floats
from engine.data.batches import Batches, has_joined_row, joins_last_row, largest_batch
from engine.errors import DataError
from engine.findings import Finding
from engine.layers.chunks import chunk_rows
from engine.metrics import Metric, build_accumulator
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.preprocessing import InputsTarget, Preprocessing
from engine.specs import ResolvedSpec
from engine.training.early_stopping import EarlyStopping
from engine.training.findings import GRADIENT_NOT_FINITE, gradient_not_finite, last_row_joined
from engine.training.kept_weights import KeptWeights
from engine.training.learning_rate import RateSearch, search_learning_rate
from engine.training.loop import CrossValidation, TrainingState, never, train
from engine.training.loss_sample import LossChange, LossSample
from engine.training.progress import EpochRecord, Progress, StopReason
from engine.training.reconstruction_errors import measure_errors
from engine.training.result_findings import find_in_result
from engine.training.state_arrays import copy_arrays, load_arrays
from engine.training.train_step import TrainStep
from engine.training.validation import Validation, build_validation, evaluate_test

__all__ = ["EpochRecord", "StopReason", "Training", "TrainingState", "never", "train"]


class Training:
    """A training run on prepared data, from new or existing weights.

    Attributes:
        rows: number of training rows.
        part_rows: numbers of rows of all parts; None if the data are those of a fold.
        preprocessing: fitted preprocessing of the data.
        findings: what preparing the data and the epochs so far have shown.

    Args:
        spec: the training's spec.
        data: the prepared data.
        weights: initial weights by name; None for new ones.
        epochs: maximum number of epochs; None for the spec's.

    Raises:
        SpecError: the layers do not fit the prepared data's width.
        DataError: there is a single training row, which batch normalization cannot normalize.
        ValueError: the initial weights are not those of the spec's network.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        data: PreparedData,
        weights: Mapping[str, Floats] | None = None,
        epochs: int | None = None,
    ) -> None:
        self._spec, self._data, self._weights, self._epochs = spec, data, weights, epochs
        self.rows = len(data.x)
        self.part_rows = data.part_rows
        self.preprocessing: Preprocessing = data.preprocessing
        self._batches = Batches(
            data.training,
            batch_size=spec.batch_size,
            shuffle=spec.shuffle,
            seed=spec.seed,
            joins_last_row=joins_last_row(spec),
        )
        _require_normalizable(spec, self.rows)
        self.findings: tuple[Finding, ...] = data.findings
        if has_joined_row(spec, self.rows):
            self.findings += (last_row_joined(self.rows, self._batches.size),)
        self._begin()

    def _begin(self) -> None:
        """Build the network with its initial weights, and everything that a step changes."""
        spec, data = self._spec, self._data
        self._train_step = TrainStep(spec, data.preprocessing.width, self._batches.steps)
        self._network = self._train_step.network
        chunk = chunk_rows(self._network.layers, spec.dtype)
        largest = largest_batch(spec, len(data.x), data.evaluated_rows, chunk)
        self._network.reserve(largest)
        self._sample = LossSample(self._train_step, data.training, largest)
        if self._weights is not None:
            self._network.load(self._weights)
        output = spec.network_for(data.preprocessing.width).output
        self._activation = build_activation(output.activation, np.dtype(spec.dtype))
        self._tally = build_accumulator(
            spec.metrics, data.preprocessing.target, data.training, output
        )
        self._validation: Validation | None = build_validation(
            spec, data, self._network, self._train_step.loss
        )
        self._early_stopping = EarlyStopping(spec, self._epochs)
        self._progress = Progress(schedule=dict(self._train_step.schedule.state))
        stopping = spec.early_stopping
        keeps_best = stopping is not None and stopping.restore_best
        self._kept = KeptWeights(self._network, keeps_best=keeps_best)

    def restart(self, learning_rate: float) -> None:
        """Begin again from the initial weights, with another learning rate of the optimizer."""
        optimizer = self._spec.optimizer.model_copy(update={"learning_rate": learning_rate})
        self._spec = self._spec.model_copy(update={"optimizer": optimizer})
        # Frees the memory of the network before that of its successor is allocated.
        del self._train_step, self._network, self._sample, self._validation, self._kept
        self._begin()

    def search_learning_rate(self, stop: Callable[[], bool] = never) -> RateSearch:
        """Search a lower rate that trains; see `search_learning_rate`. The state is then lost."""
        return search_learning_rate(self, stop)

    def result_findings(
        self, values: Mapping[str, Metric], stop: Callable[[], bool] = never
    ) -> tuple[Finding, ...]:
        """Return the findings about the result of a training that has ended; its state is lost."""
        return find_in_result(
            self._spec,
            self._data,
            values,
            self.loss_change(values.get("loss")),
            self.epoch,
            search=lambda: self.search_learning_rate(stop),
        )

    @property
    def learning_rate(self) -> float:
        """The optimizer's learning rate; schedules are relative to it."""
        return self._spec.optimizer.learning_rate

    def loss_change(self, recorded: Metric | None) -> LossChange:
        """Return the loss on a sample of the training rows at the start, and with `weights()`.

        Args:
            recorded: loss of the epoch of these weights; None if there is none.
        """
        with self._returned_weights():
            end = self._sample.now()
        if not self._sample.is_whole or not isinstance(recorded, float):
            recorded = None
        return LossChange(self._progress.loss_at_start, end, recorded)

    @property
    def epoch(self) -> int:
        """Completed epochs."""
        return self._progress.epoch

    @property
    def step(self) -> int:
        """Completed steps of the current epoch."""
        return self._progress.step

    @property
    def steps_done(self) -> int:
        """Completed steps over all epochs."""
        return self._progress.steps_done

    @property
    def epochs_since_best(self) -> int:
        """Completed epochs after the best one."""
        return self._progress.epochs_since_best

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch; None before the first has ended.

        The best epoch is selected by the early-stopping metric, else validation loss, else loss.
        """
        return None if self._progress.best is None else dict(self._progress.best)

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch rather than the latest."""
        return self._kept.best is not None

    @property
    def folds_done(self) -> int:
        """Always 0: there are no folds."""
        return 0

    @property
    def is_in_folds(self) -> bool:
        """Always False: there are no folds."""
        return False

    @property
    def cross_validation(self) -> CrossValidation | None:
        """Always None: there are no folds."""
        return None

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it is running."""
        return self._progress.reason

    def score(self, values: dict[str, Metric]) -> float | None:
        """Return the value by which the best epoch is selected; lower is better."""
        return self._early_stopping.score(values)

    def end(self, reason: StopReason) -> None:
        """End training now, for a reason external to it, such as a time budget."""
        self._progress.reason = reason

    def weights(self) -> dict[str, Floats]:
        """Return copies of the parameters by name: the best epoch's if kept, else the latest."""
        return self._kept.copies(has_best=self._progress.best is not None)

    def _returned_weights(self) -> AbstractContextManager[None]:
        """Put the parameters of `weights()` into the network; the latest ones are back at exit."""
        return self._kept.in_network(has_best=self._progress.best is not None)

    def model_preprocessing(self) -> Preprocessing:
        """Return the preprocessing of a model with the current `weights`.

        For a reconstruction, it has the quantiles of the training rows' errors.
        """
        target = self.preprocessing.target
        if not isinstance(target, InputsTarget):
            return self.preprocessing
        with self._returned_weights():
            quantiles = measure_errors(self._network, self._activation, self._data.x)
        return replace(self.preprocessing, target=replace(target, error_quantiles=quantiles))

    def test_metrics(self) -> dict[str, Metric] | None:
        """Return loss and metrics of `weights()` on the test rows; None without test rows.

        Values that are undefined or not finite are omitted.
        """
        with self._returned_weights():
            return evaluate_test(self._spec, self._data, self._network, self._train_step.loss)

    def state(self) -> TrainingState:
        """Return copies of everything needed to resume exactly."""
        arrays = copy_arrays(self._arrays())
        self._progress.schedule = dict(self._train_step.schedule.state)
        sums = {name: _json_number(value) for name, value in self._tally.sums.items()}
        return TrainingState(arrays, asdict(self._progress) | {"sums": sums})

    def restore(self, state: TrainingState) -> None:
        """Resume from a state of the same spec and data.

        Raises:
            ValueError: the state belongs to another spec.
        """
        load_arrays(self._arrays(), state.arrays)
        self._progress = TypeAdapter(Progress).validate_python(state.numbers)
        self._tally.sums = dict(self._progress.sums)
        self._train_step.schedule.state = dict(self._progress.schedule)

    def _arrays(self) -> dict[str, Floats]:
        """Return the arrays of the state, not copied."""
        arrays = {"parameters": self._network.parameters}
        slots = self._train_step.optimizer.state_arrays()
        arrays |= {f"optimizer.{name}": array for name, array in slots.items()}
        arrays |= {f"tally.{name}": array for name, array in self._tally.arrays.items()}
        if self._kept.best is not None:
            arrays["best_parameters"] = self._kept.best
        return arrays

    def run_epoch(self, stop: Callable[[], bool] = never) -> EpochRecord | None:
        """Complete the current epoch and return its record; None if `stop` ended it earlier.

        Raises:
            DivergenceError: a loss or a weight is no longer finite.
        """
        progress, batches = self._progress, self._batches
        # Overflow is detected after each step and raised as divergence.
        with np.errstate(all="ignore"):
            if not progress.steps_done:
                progress.loss_at_start = self._sample.at_start()
            batches.begin(progress.epoch)
            while progress.step < batches.steps:
                if stop():
                    return None
                is_last = progress.step == batches.steps - 1
                batch = batches.batch(progress.step)
                self._train_step.run(batch, progress, self._tally, is_last=is_last)
            return self._finish_epoch()

    def _finish_epoch(self) -> EpochRecord:
        """Validate, record the epoch, and update best epoch and early stopping."""
        train_step, validation_loss = self._train_step, None
        # Each batch's loss was finite; their sum may overflow.
        if not math.isfinite(self._tally.loss):
            raise train_step.divergence(self._progress, "output")
        metrics = self._tally.result()
        if train_step.penalties:
            metrics |= train_step.penalties.metrics()
        if self._validation is not None:
            tally = self._validation.run()
            validation_loss = tally.loss
            metrics |= tally.result("validation_")
            if not math.isfinite(validation_loss):
                raise train_step.divergence(self._progress, "output")
        record = EpochRecord(
            epoch=self.epoch,
            loss=self._tally.loss,
            validation_loss=validation_loss,
            metrics=metrics,
            learning_rate=train_step.learning_rate,
            gradient_norm=train_step.diagnostics.gradient_norm,
            steps=self.steps_done,
            layers=train_step.diagnostics.layer_stats(),
        )
        self._tally.reset()
        self._on_epoch_end(record)
        self._add_findings(record)
        return record

    def _add_findings(self, record: EpochRecord) -> None:
        is_known = any(finding.code == GRADIENT_NOT_FINITE for finding in self.findings)
        if record.gradient_norm is None and not is_known:
            self.findings = (*self.findings, gradient_not_finite(record.epoch))

    def _on_epoch_end(self, record: EpochRecord) -> None:
        """Update the schedule and early stopping; keep the parameters if they are the best."""
        self._train_step.schedule.on_epoch_end(record.values())
        is_best = self._early_stopping.on_epoch_end(self._progress, record)
        if is_best:
            self._kept.keep()


def _require_normalizable(spec: ResolvedSpec, rows: int) -> None:
    if rows == 1 and spec.network.normalizes_batches:
        message = "batch normalization needs at least two training rows, there is one"
        raise DataError(message)


def _json_number(value: float) -> float | str:
    """Return the value, or its text if it is not finite, since JSON has no infinity."""
    return value if math.isfinite(value) else str(value)
