"""The epochs of one network: steps, validation, records, and the state to resume from."""

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict

import numpy as np
from pydantic import TypeAdapter

from engine.arrays import Floats, Indices
from engine.data.batches import Batches, largest_batch
from engine.data.split_arrays import Batch
from engine.errors import DivergenceError
from engine.findings import Finding
from engine.layers.chunks import chunk_rows
from engine.losses.base import Loss
from engine.metrics import Metric, build_accumulator
from engine.network import Network
from engine.preparation.prepared_data import PreparedData
from engine.specs import ResolvedSpec
from engine.training.diagnosis.diagnosis import Diagnosis
from engine.training.early_stopping import EarlyStopping
from engine.training.kept_weights import KeptWeights
from engine.training.loop import TrainingState
from engine.training.loss_sample import LossChange, LossSample
from engine.training.metric_findings import ComputedMetrics, Part
from engine.training.progress import EpochRecord, LastStep, Progress
from engine.training.recovery import DivergenceRecovery, Restore
from engine.training.state_arrays import copy_arrays, load_arrays
from engine.training.step_inputs import StepInputs, copy_batch, state_arrays
from engine.training.stopping import StepAbandonedError, never
from engine.training.train_step import TrainStep
from engine.training.validation import build_validation


class EpochLoop:
    """A network and everything that a step changes; one object per start from initial weights.

    Attributes:
        network: the network that is trained.
        progress: position in the training.
        diagnosed: conditions that the latest epoch has shown for long enough.
        restores: returns to an earlier epoch's end since this object was built.

    Args:
        spec: the training's spec.
        data: the prepared data.
        batches: batches of the training rows.
        weights: initial weights by name; None for new ones.
        epochs: maximum number of epochs; None for the spec's.
        state: state to resume from; None for the start.

    Raises:
        SpecError: the layers do not fit the prepared data's width.
        ValueError: the initial weights, or the state, are not those of the spec's network.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        data: PreparedData,
        batches: Batches,
        weights: Mapping[str, Floats] | None,
        epochs: int | None,
        state: TrainingState | None = None,
    ) -> None:
        self._spec, self._batches = spec, batches
        width = data.preprocessing.width
        has_weights = weights is not None or state is not None
        self._train_step = TrainStep(spec, width, batches.steps, has_weights=has_weights)
        self.network: Network = self._train_step.network
        chunk = chunk_rows(self.network.layers, spec.dtype)
        passes = self._train_step.passes
        largest = largest_batch(spec, len(data.x), data.evaluated_rows, chunk, passes.chunk_rows)
        self.network.reserve(largest)
        self._sample = LossSample(self._train_step, data.training, largest)
        if weights is not None:
            self.network.load(weights)
        output = spec.network_for(width).output
        self._tally = build_accumulator(
            spec.metrics, data.preprocessing.target, data.training, output
        )
        self._validation = build_validation(spec, data, self.network, self._train_step.loss)
        self._early_stopping = EarlyStopping(spec, epochs)
        self.progress = Progress(schedule=dict(self._train_step.schedule.state))
        stopping = spec.early_stopping
        keeps_best = stopping is not None and stopping.restore_best
        self._kept = KeptWeights(self.network, keeps_best=keeps_best)
        self._recovery = DivergenceRecovery(
            spec, self._lasting_arrays(), self.progress, self._train_step.schedule
        )
        self._diagnosis = Diagnosis(
            spec, self.network, batches.last_rows, starts_anew=weights is None
        )
        self.diagnosed: tuple[Finding, ...] = ()
        self.restores: list[Restore] = []
        if state is not None:
            self.restore(state)

    @property
    def loss(self) -> Loss:
        """The training loss; its workspaces are free between two steps."""
        return self._train_step.loss

    @property
    def incomplete_metrics(self) -> ComputedMetrics:
        """The metrics of the latest epoch of the parts that have some without a finite value."""
        found: dict[Part, Mapping[str, Metric | None]] = {}
        if self._tally.has_omitted:
            found["training"] = self._tally.computed
        if self._validation is not None and self._validation.tally.has_omitted:
            found["validation"] = self._validation.tally.computed
        return found

    @property
    def good_epochs(self) -> int | None:
        """Completed epochs of the state that a divergence returns to; None without one."""
        kept = self._recovery.numbers
        return None if kept is None else kept["epoch"]

    @property
    def keeps_best(self) -> bool:
        """Whether the returned weights are those of the best epoch rather than the latest."""
        return self._kept.best is not None

    def weights(self) -> dict[str, Floats]:
        """Return copies of the parameters by name: the best epoch's if kept, else the latest."""
        return self._kept.copies(has_best=self.progress.best is not None)

    def returned_weights(self) -> AbstractContextManager[None]:
        """Put the parameters of `weights()` into the network; the latest ones are back at exit."""
        return self._kept.in_network(has_best=self.progress.best is not None)

    def score(self, values: dict[str, Metric]) -> float | None:
        """Return the value by which the best epoch is selected; lower is better."""
        return self._early_stopping.score(values)

    def loss_change(self, recorded: Metric | None) -> LossChange:
        """Return the loss on a sample of the training rows at the start, and with `weights()`.

        Args:
            recorded: loss of the epoch of these weights; None if there is none.
        """
        with self.returned_weights():
            end = self._sample.now()
        if not self._sample.is_whole or not isinstance(recorded, float):
            recorded = None
        return LossChange(self.progress.loss_at_start, end, recorded)

    def state(self, *, copy: bool = True) -> TrainingState:
        """Return everything needed to resume exactly; without copies, valid until the next step."""
        arrays = copy_arrays(self._arrays()) if copy else self._arrays()
        self.progress.schedule = dict(self._train_step.schedule.state)
        sums = {name: _json_number(value) for name, value in self._tally.sums.items()}
        numbers = asdict(self.progress) | {"sums": sums}
        if self._recovery.numbers is not None:
            numbers["good"] = self._recovery.numbers
        return TrainingState(arrays, numbers)

    @property
    def state_bytes(self) -> int:
        """Size of the arrays of `state`."""
        return sum(array.nbytes for array in self._arrays().values())

    def restore(self, state: TrainingState) -> None:
        """Resume from a state of the same spec and data.

        Raises:
            ValueError: the state belongs to another spec.
        """
        load_arrays(self._arrays(), state.arrays)
        numbers = dict(state.numbers)
        self._recovery.numbers = numbers.pop("good", None)
        self.progress = TypeAdapter(Progress).validate_python(numbers)
        self._tally.sums = dict(self.progress.sums)
        self._train_step.schedule.state = dict(self.progress.schedule)

    def _arrays(self) -> dict[str, Floats]:
        """Return the arrays of the state, not copied."""
        tally = {f"tally.{name}": array for name, array in self._tally.arrays.items()}
        return self._lasting_arrays() | tally | self._recovery.good

    def _lasting_arrays(self) -> dict[str, Floats]:
        """Return the arrays of the state that an epoch leaves to the next one, not copied."""
        arrays = state_arrays(self._train_step)
        if self._kept.best is not None:
            arrays["best_parameters"] = self._kept.best
        return arrays

    def next_step(self) -> StepInputs:
        """Return copies of everything that the next step depends on."""
        progress, batches = self.progress, self._batches
        batches.begin(progress.epoch)
        batch = copy_batch(batches.batch(progress.step))
        return StepInputs(
            spec=self._spec,
            in_features=math.prod(batch.x.shape[1:]),
            steps_per_epoch=batches.steps,
            batch=batch,
            positions=batches.positions(progress.epoch, progress.step),
            arrays=copy_arrays(state_arrays(self._train_step)),
            schedule=dict(self._train_step.schedule.state),
            step=progress.steps_done,
            epoch=progress.epoch,
            step_in_epoch=progress.step,
        )

    def next_rows(self, count: int) -> tuple[Batch, Indices]:
        """Return copies of `count` rows from the first of the next step on; and their positions."""
        return self._batches.take(self.progress.epoch, self.progress.step, count)

    def run_epoch(
        self, stop: Callable[[], bool], abandon: Callable[[], bool] = never
    ) -> EpochRecord | None:
        """Complete the current epoch and return its record; None if it was stopped earlier.

        Args:
            stop: asked before each step; True ends the epoch there.
            abandon: asked within long steps and evaluations; True abandons them and ends the epoch
                before them.

        Raises:
            DivergenceError: a loss or a weight is no longer finite, and `on_divergence` has no
                further try.
        """
        while True:
            try:
                return self._run_epoch(stop, abandon)
            except StepAbandonedError:
                return None
            except DivergenceError as error:
                restored = self._recovery.restore(error, self.progress)
                if restored is None:
                    error.restores = self.progress.restores
                    raise
            self.progress, restore = restored
            self._tally.reset()
            self.restores.append(restore)

    def _run_epoch(
        self, stop: Callable[[], bool], abandon: Callable[[], bool]
    ) -> EpochRecord | None:
        progress, batches = self.progress, self._batches
        # Overflow is detected after each step and raised as divergence.
        with np.errstate(all="ignore"):
            if not progress.steps_done:
                progress.loss_at_start = self._sample.at_start(abandon)
            batches.begin(progress.epoch)
            while progress.step < batches.steps:
                if stop():
                    return None
                self._run_step(abandon)
            return self._finish_epoch(abandon)

    def _run_step(self, abandon: Callable[[], bool]) -> None:
        progress, sums = self.progress, self._tally.sums.copy()
        is_last = progress.step == self._batches.steps - 1
        batch = self._batches.batch(progress.step)
        try:
            self._train_step.run(batch, progress, self._tally, is_last=is_last, abandon=abandon)
        except StepAbandonedError:
            self._tally.sums = sums
            raise

    def _finish_epoch(self, abandon: Callable[[], bool]) -> EpochRecord:
        """Validate, record the epoch, and update best epoch and early stopping."""
        train_step, validation_loss = self._train_step, None
        last = self.progress.last_step or self._last_step()
        # Part of the state if the validation is abandoned.
        self.progress.last_step = last
        # Each batch's loss was finite; their sum may overflow.
        if not math.isfinite(self._tally.loss):
            raise train_step.divergence(self.progress, "output")
        metrics = self._tally.result()
        if train_step.penalties:
            metrics |= train_step.penalties.metrics()
        if self._validation is not None:
            tally = self._validation.run(abandon)
            validation_loss = tally.loss
            metrics |= tally.result("validation_")
            if not math.isfinite(validation_loss):
                raise train_step.divergence(self.progress, "output")
        record = EpochRecord(
            epoch=self.progress.epoch,
            loss=self._tally.loss,
            validation_loss=validation_loss,
            metrics=metrics,
            learning_rate=last.learning_rate,
            gradient_norm=last.gradient_norm,
            steps=self.progress.steps_done,
            layers=last.layers,
        )
        self.progress.last_step = None
        self._tally.reset()
        self._on_epoch_end(record)
        return record

    def _last_step(self) -> LastStep:
        diagnostics = self._train_step.diagnostics
        return LastStep(
            self._train_step.learning_rate, diagnostics.gradient_norm, diagnostics.layer_stats()
        )

    def _on_epoch_end(self, record: EpochRecord) -> None:
        """Update the schedule and early stopping; keep the parameters if they are the best."""
        self._train_step.schedule.on_epoch_end(record.values())
        is_best = self._early_stopping.on_epoch_end(self.progress, record)
        if is_best:
            self._kept.keep()
        self.diagnosed = self._diagnosis.on_epoch_end(self.progress, record)
        self._recovery.on_epoch_end(self.progress, record.loss)


def _json_number(value: float) -> float | str:
    """Return the value, or its text if it is not finite, since JSON has no infinity."""
    return value if math.isfinite(value) else str(value)
