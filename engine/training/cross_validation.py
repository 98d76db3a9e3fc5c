"""Cross-validation: one network per fold, then a final network trained on all rows."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from pydantic import TypeAdapter

from engine.arrays import Floats, Indices
from engine.data.split_arrays import Batch
from engine.findings import Finding
from engine.metrics import Metric
from engine.preparation.part_rows import PartRows
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, ResolvedSpec
from engine.training.findings import in_fold, last_row_joined_in_folds
from engine.training.fold_findings import AllRows, FoldFinding, note_untrained_inputs
from engine.training.fold_summary import (
    VALIDATION_PREFIX,
    CrossValidation,
    summarize,
    validation_metrics,
)
from engine.training.learning_rate import RateSearch
from engine.training.loop import TrainingState
from engine.training.progress import EpochRecord, StopReason
from engine.training.recovery import Restore
from engine.training.step_inputs import StepInputs
from engine.training.stopping import never
from engine.training.training import Training


@dataclass
class _FoldProgress:
    """The state of cross-validation; serializable as JSON.

    Attributes:
        done: completed folds of all repeats; all of them while the final network is trained.
        results: validation metrics of each completed fold.
        best_epochs: number of epochs after which each completed fold was at its best.
        latest: validation metrics of the current fold's latest epoch.
        steps_before: steps of the previous networks.
        reason: why a caller ended training during the folds.
        findings: of the folds so far, those that do not hold for the final network.
    """

    done: int = 0
    results: list[dict[str, float]] = field(default_factory=list)
    best_epochs: list[int] = field(default_factory=list)
    latest: dict[str, float] = field(default_factory=dict)
    steps_before: int = 0
    reason: StopReason | None = None
    findings: list[FoldFinding] = field(default_factory=list)


class FoldedTraining:
    """Training with k-fold cross-validation; every network starts from the same weights.

    Repeats are further folds: the folds of repeat r are those from r · folds.

    The metrics of a fold are those of its best epoch if early stopping restores the best, else of
    its last. The final network is then trained on all rows, without validation, and only its epochs
    are reported. If early stopping monitors a validation metric, the final network is trained for
    the mean number of epochs, rounded, after which the folds were at their best; if it monitors a
    training metric, it applies to the final network as well.

    Args:
        spec: a spec with folds validation.
        prepare_fold: prepares the data of a fold, counted over all repeats, or for None those of
            all rows.
        weights: initial weights by name; None for new ones.

    Raises:
        DataError: from any step, if a fold's rows cannot be trained on.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        prepare_fold: Callable[[int | None], PreparedData],
        weights: Mapping[str, Floats] | None = None,
    ) -> None:
        assert isinstance(spec.validation, FoldsValidation)  # noqa: S101 - documented
        self._spec, self._weights = spec, weights
        self._networks = spec.validation.networks
        self._prepare_fold = prepare_fold
        self._progress = _FoldProgress()
        self._opened: Training | None = None
        self._all_rows: AllRows | None = None
        self._epoch_findings: tuple[Finding, ...] = ()
        self._earlier_restores: tuple[Restore, ...] = ()

    @property
    def _current(self) -> Training:
        self.open()
        assert self._opened is not None  # noqa: S101 - just opened
        return self._opened

    def open(self) -> None:
        """Prepare the current network's data if not yet done. Raises DataError."""
        if self._opened is None:
            self._opened = self._open(None)

    def _open(self, state: TrainingState | None) -> Training:
        if self.is_in_folds:
            return self._open_fold(self._progress.done, state)
        spec, stopping = self._spec, self._spec.early_stopping
        epochs = None
        if stopping is not None and stopping.metric.startswith(VALIDATION_PREFIX):
            stopping, epochs = None, self._mean_best_epoch()
        final_spec = spec.model_copy(update={"validation": None, "early_stopping": stopping})
        data = self._prepare_fold(None)
        self._all_rows = AllRows.describe(data)
        return Training(final_spec, data, self._weights, epochs, state=state)

    def _open_fold(self, fold: int, state: TrainingState | None) -> Training:
        if self._all_rows is None:
            self._all_rows = AllRows.describe(self._prepare_fold(None))
        data = self._prepare_fold(fold)
        note_untrained_inputs(
            self._progress.findings, fold, data.preprocessing, self._all_rows.preprocessing
        )
        return Training(self._spec, data, self._weights, state=state)

    def _mean_best_epoch(self) -> int:
        best = self._progress.best_epochs
        return max(1, math.floor(sum(best) / len(best) + 0.5))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings about the rows and epochs of all networks, since the training was opened.

        Those of all rows, and of the targets of every fold, are known before the first step; those
        of the inputs of single folds are returned once no further fold is trained.
        """
        if self._all_rows is None:
            return ()
        found = self._all_rows.findings
        if self._opened is not None and not self.is_in_folds:
            found = self._opened.findings
        joined = last_row_joined_in_folds(self._spec, self._all_rows.part_rows.folds)
        found += () if joined is None else (joined,)
        found += self._epoch_findings
        if self.is_in_folds and self._progress.reason is None:
            return found
        noted = self._progress.findings
        return found + tuple(finding.finding(self._networks) for finding in noted)

    def _add_epoch_findings(self, findings: Iterable[Finding]) -> None:
        """Add the findings about epochs of the current fold of which no fold has had one."""
        known = {finding.key for finding in self._epoch_findings}
        found = in_fold(findings, self._progress.done, self._networks)
        self._epoch_findings += tuple(finding for finding in found if finding.key not in known)

    @property
    def rows(self) -> int:
        """Number of training rows of the current network."""
        return self._current.rows

    @property
    def part_rows(self) -> PartRows | None:
        """Numbers of rows of all parts and folds; None until the training is opened."""
        return None if self._all_rows is None else self._all_rows.part_rows

    @property
    def preprocessing(self) -> Preprocessing:
        """Fitted preprocessing of the current network."""
        return self._current.preprocessing

    @property
    def epoch(self) -> int:
        """Completed epochs of the current network."""
        return 0 if self._opened is None else self._opened.epoch

    @property
    def steps_done(self) -> int:
        """Completed steps over all epochs of all networks."""
        under_way = 0 if self._opened is None else self._opened.steps_done
        return self._progress.steps_before + under_way

    @property
    def epochs_since_best(self) -> int:
        """Completed epochs of the current network after its best one."""
        return 0 if self._opened is None else self._opened.epochs_since_best

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch of the current network."""
        return None if self._opened is None else self._opened.best

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch rather than the latest."""
        return self._opened is not None and self._opened.keeps_best

    @property
    def folds_done(self) -> int:
        """Completed folds of all repeats."""
        return self._progress.done

    @property
    def is_in_folds(self) -> bool:
        """Whether the current network is a fold's, not the final one."""
        return self._progress.done < self._networks

    @property
    def cross_validation(self) -> CrossValidation | None:
        """Summary of the folds, once all are complete."""
        if self.is_in_folds:
            return None
        return summarize(self._progress.results)

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it is running."""
        if self.is_in_folds or self._opened is None:
            return self._progress.reason
        return self._opened.reason

    @property
    def restores(self) -> Sequence[Restore]:
        """Returns to an earlier epoch's end of all networks, since the training was opened."""
        under_way = () if self._opened is None else self._opened.restores
        return (*self._earlier_restores, *map(self._located, under_way))

    def _located(self, restore: Restore) -> Restore:
        """Return a restore of the current network with its fold and the steps of all networks."""
        fold = self._progress.done if self.is_in_folds else None
        return replace(restore, steps=self._progress.steps_before + restore.steps, fold=fold)

    @property
    def restores_done(self) -> int:
        """Number of restores of the current network, also of those before it was opened."""
        return 0 if self._opened is None else self._opened.restores_done

    @property
    def good_epochs(self) -> int | None:
        """Completed epochs of the state that a divergence of the current network returns to."""
        return None if self._opened is None else self._opened.good_epochs

    @property
    def is_validating(self) -> bool:
        """Whether the steps of the current epoch are done, but not its validation."""
        return self._opened is not None and self._opened.is_validating

    @property
    def has_network_ended(self) -> bool:
        """Whether the current network has done its last step."""
        return self._current.reason is not None

    def score(self, values: dict[str, Metric]) -> float | None:
        """Return the value by which the best epoch is selected; None during the folds."""
        return None if self.is_in_folds else self._current.score(values)

    def end(self, reason: StopReason) -> None:
        """End training now, with the weights of the current network."""
        if self.is_in_folds:
            self._progress.reason = reason
        else:
            self._current.end(reason)

    def weights(self) -> dict[str, Floats]:
        """Return copies of the current network's parameters by name."""
        return self._current.weights()

    def model_preprocessing(self) -> Preprocessing:
        """Return the preprocessing of a model with the current network's `weights`."""
        return self._current.model_preprocessing()

    def search_learning_rate(self, stop: Callable[[], bool] = never) -> RateSearch:
        """Search a lower rate that trains the current network; its state is then lost."""
        return self._current.search_learning_rate(stop)

    def result_findings(
        self, values: Mapping[str, Metric], stop: Callable[[], bool] = never
    ) -> tuple[Finding, ...]:
        """Return the findings about the final network; none if training ended within the folds."""
        return () if self.is_in_folds else self._current.result_findings(values, stop)

    def test_metrics(self) -> dict[str, Metric] | None:
        """Return loss and metrics of `weights()` on the test rows; None without, and in folds."""
        return None if self.is_in_folds else self._current.test_metrics()

    def state(self, *, copy: bool = True) -> TrainingState:
        """Return everything needed to resume exactly; without copies, valid until the next step."""
        state = self._current.state(copy=copy)
        return TrainingState(state.arrays, {**asdict(self._progress), "training": state.numbers})

    @property
    def state_bytes(self) -> int:
        """Size of the arrays of `state`."""
        return self._current.state_bytes

    def restore(self, state: TrainingState) -> None:
        """Resume from a state of the same spec and data. Raises ValueError."""
        numbers = dict(state.numbers)
        network = numbers.pop("training")
        self._progress = TypeAdapter(_FoldProgress).validate_python(numbers)
        # Frees the data of the network before.
        self._opened = None
        self._opened = self._open(TrainingState(state.arrays, network))

    def next_step(self) -> StepInputs:
        """Return copies of everything that the current network's next step depends on."""
        return self._current.next_step()

    def next_rows(self, count: int) -> tuple[Batch, Indices]:
        """Return copies of `count` rows from the first of the next step on; and their positions."""
        return self._current.next_rows(count)

    def run_epoch(
        self, stop: Callable[[], bool] = never, abandon: Callable[[], bool] = never
    ) -> EpochRecord | None:
        """Complete the current epoch, and all folds before it; None if it was stopped earlier.

        Args:
            stop: asked before each step; True ends the epoch there.
            abandon: asked within long steps and evaluations; True abandons them and ends the epoch
                before them.

        Raises:
            DivergenceError: a loss or a weight is no longer finite.
        """
        while self.is_in_folds:
            if self._current.reason is not None:
                # Checked before the next fold's data are prepared, which may take long.
                if stop():
                    return None
                self._finish_fold()
                continue
            try:
                record = self._current.run_epoch(stop, abandon)
            finally:
                self._add_epoch_findings(self._current.findings)
            if record is None:
                return None
            self._progress.latest = validation_metrics(record.values())
        return self._current.run_epoch(stop, abandon)

    def _finish_fold(self) -> None:
        progress, network = self._progress, self._current
        best = network.best if network.keeps_best else None
        self._earlier_restores += tuple(map(self._located, network.restores))
        progress.results.append(progress.latest if best is None else validation_metrics(best))
        progress.best_epochs.append(network.epoch - network.epochs_since_best)
        progress.steps_before += network.steps_done
        progress.done += 1
        # Frees its data before the next fold's data are prepared.
        self._opened = None
