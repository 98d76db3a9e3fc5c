"""The training of one network on prepared data."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.activations import build_activation
from engine.arrays import Floats, Indices
from engine.data.batches import Batches, has_joined_row, joins_last_row
from engine.data.split_arrays import Batch
from engine.errors import DataError
from engine.findings import Finding
from engine.metrics import Metric
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.fitted import InputsTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import ResolvedSpec
from engine.training.epoch_loop import EpochLoop
from engine.training.findings import gradient_not_finite, last_row_joined
from engine.training.fold_summary import CrossValidation
from engine.training.learning_rate import RateSearch, search_learning_rate
from engine.training.loop import TrainingState
from engine.training.loss_sample import LossChange
from engine.training.metric_findings import ComputedMetrics, find_omitted_metrics
from engine.training.progress import EpochRecord, StopReason
from engine.training.reconstruction_errors import measure_errors
from engine.training.recovery import Restore, restored_after_divergence
from engine.training.result_findings import find_in_result
from engine.training.step_inputs import StepInputs
from engine.training.stopping import never
from engine.training.validation import evaluate_test


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
        state: state of the same spec and data to resume from; None for the start.

    Raises:
        SpecError: the layers do not fit the prepared data's width.
        DataError: there is a single training row, which batch normalization cannot normalize.
        ValueError: the initial weights, or the state, are not those of the spec's network.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        data: PreparedData,
        weights: Mapping[str, Floats] | None = None,
        epochs: int | None = None,
        *,
        state: TrainingState | None = None,
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
        self._loop = EpochLoop(spec, data, self._batches, weights, epochs, state)

    def restart(self, learning_rate: float) -> None:
        """Begin again from the initial weights, with another learning rate of the optimizer."""
        optimizer = self._spec.optimizer.model_copy(update={"learning_rate": learning_rate})
        # A trial shows what this rate does: it ends by its divergence, not by a finding.
        trial = {"optimizer": optimizer, "on_divergence": None, "on_finding": "report"}
        self._spec = self._spec.model_copy(update=trial)
        # Frees the memory of the network before that of its successor is allocated.
        del self._loop
        self._loop = EpochLoop(self._spec, self._data, self._batches, self._weights, self._epochs)

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
        return self._loop.loss_change(recorded)

    @property
    def epoch(self) -> int:
        """Completed epochs."""
        return self._loop.progress.epoch

    @property
    def step(self) -> int:
        """Completed steps of the current epoch."""
        return self._loop.progress.step

    @property
    def steps_done(self) -> int:
        """Completed steps over all epochs."""
        return self._loop.progress.steps_done

    @property
    def epochs_since_best(self) -> int:
        """Completed epochs after the best one."""
        return self._loop.progress.epochs_since_best

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch; None before the first has ended.

        The best epoch is selected by the early-stopping metric, else validation loss, else loss.
        """
        best = self._loop.progress.best
        return None if best is None else dict(best)

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch rather than the latest."""
        return self._loop.keeps_best

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
        return self._loop.progress.reason

    @property
    def restores(self) -> Sequence[Restore]:
        """Returns to an earlier epoch's end after divergences, since the training was opened."""
        return self._loop.restores

    @property
    def restores_done(self) -> int:
        """Number of restores, also of those before this object was built."""
        return self._loop.progress.restores

    @property
    def good_epochs(self) -> int | None:
        """Completed epochs of the state that a divergence returns to; None without one."""
        return self._loop.good_epochs

    @property
    def is_validating(self) -> bool:
        """Whether the steps of the current epoch are done, but not its validation."""
        return self._loop.progress.last_step is not None

    @property
    def has_network_ended(self) -> bool:
        """Whether training has ended."""
        return self.reason is not None

    def score(self, values: dict[str, Metric]) -> float | None:
        """Return the value by which the best epoch is selected; lower is better."""
        return self._loop.score(values)

    def end(self, reason: StopReason) -> None:
        """End training now, for a reason external to it, such as a time budget."""
        self._loop.progress.reason = reason

    def weights(self) -> dict[str, Floats]:
        """Return copies of the parameters by name: the best epoch's if kept, else the latest."""
        return self._loop.weights()

    def model_preprocessing(self) -> Preprocessing:
        """Return the preprocessing of a model with the current `weights`.

        For a reconstruction, it has the quantiles of the training rows' errors.
        """
        target = self.preprocessing.target
        if not isinstance(target, InputsTarget):
            return self.preprocessing
        output = self._spec.network_for(self.preprocessing.width).output
        activation = build_activation(output.activation, np.dtype(self._spec.dtype))
        with self._loop.returned_weights():
            quantiles = measure_errors(self._loop.network, activation, self._data.x)
        return replace(self.preprocessing, target=replace(target, error_quantiles=quantiles))

    def test_metrics(self) -> dict[str, Metric] | None:
        """Return loss and metrics of `weights()` on the test rows; None without test rows.

        Values that are undefined or not finite are omitted, with a finding.
        """
        with self._loop.returned_weights():
            test = evaluate_test(self._spec, self._data, self._loop.network, self._loop.loss)
        if test is None:
            return None
        found: dict[str, Metric] = {"loss": test.loss} if math.isfinite(test.loss) else {}
        found |= test.result()
        self._add_findings(self._find_omitted({"test": {"loss": test.loss, **test.computed}}))
        return found

    def state(self, *, copy: bool = True) -> TrainingState:
        """Return everything needed to resume exactly; without copies, valid until the next step."""
        return self._loop.state(copy=copy)

    @property
    def state_bytes(self) -> int:
        """Size of the arrays of `state`."""
        return self._loop.state_bytes

    def restore(self, state: TrainingState) -> None:
        """Resume from a state of the same spec and data.

        Raises:
            ValueError: the state belongs to another spec.
        """
        self._loop.restore(state)

    def next_step(self) -> StepInputs:
        """Return copies of everything that the next step depends on."""
        return self._loop.next_step()

    def next_rows(self, count: int) -> tuple[Batch, Indices]:
        """Return copies of `count` rows from the first of the next step on; and their positions.

        They are in the order of the epoch, whose first rows follow its last. At most all rows.
        """
        return self._loop.next_rows(count)

    def run_epoch(
        self, stop: Callable[[], bool] = never, abandon: Callable[[], bool] = never
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
        try:
            record = self._loop.run_epoch(stop, abandon)
        finally:
            self._add_findings(map(restored_after_divergence, self.restores))
        if record is not None:
            if incomplete := self._loop.incomplete_metrics:
                self._add_findings(self._find_omitted(incomplete))
            if record.gradient_norm is None:
                self._add_findings([gradient_not_finite(record.epoch)])
            self._add_findings(self._loop.diagnosed)
        return record

    def _find_omitted(self, computed: ComputedMetrics) -> Iterator[Finding]:
        pointer = "/test" if "test" in computed else "/metrics"
        target = self.preprocessing.target
        return find_omitted_metrics(self._spec, target, computed, self.epoch, pointer)

    def _add_findings(self, findings: Iterable[Finding]) -> None:
        """Add the findings that are not known yet, by code and pointer."""
        for finding in findings:
            if all(finding.key != known.key for known in self.findings):
                self.findings += (finding,)


def _require_normalizable(spec: ResolvedSpec, rows: int) -> None:
    if rows == 1 and spec.network.normalizes_batches:
        message = "batch normalization needs at least two training rows, there is one"
        raise DataError(message)
