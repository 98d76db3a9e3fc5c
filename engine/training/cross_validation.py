"""Cross-validation: a network for each fold, trained without it; then the one that is left."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from engine.arrays import Floats
from engine.metrics import Metric
from engine.preparation.prepared_data import PreparedData
from engine.preprocessing.preprocessing import Preprocessing
from engine.specs import FoldsValidation, ResolvedSpec
from engine.training.loop import CrossValidation, TrainingState, never
from engine.training.progress import EpochRecord, StopReason
from engine.training.training import Training

_PREFIX = "validation_"


@dataclass
class _FoldProgress:
    """Where the folds are; numbers that survive in JSON.

    Attributes:
        done: folds that are done; as many as there are, while the last network is trained.
        results: what each of these came to.
        best_epochs: after how many epochs each of these was at its best.
        latest: what the fold under way came to in its latest epoch.
        steps_before: steps of the networks before the one under way.
        reason: why a caller ended it while folds were under way.
    """

    done: int = 0
    results: list[dict[str, float]] = field(default_factory=list)
    best_epochs: list[int] = field(default_factory=list)
    latest: dict[str, float] = field(default_factory=dict)
    steps_before: int = 0
    reason: StopReason | None = None


class FoldedTraining:
    """A training by folds: each fold is held out of a network of its own, from the same weights.

    What is kept of a fold are its metrics: of its best epoch if early stopping restores the best,
    else of its last. Then a network is trained on all rows, and only its epochs are told. No row
    validates that one. If early stopping watches a metric of validation rows, it is trained for as
    many epochs as the folds took to their best on average, rounded; if it watches a metric of the
    training rows, by that metric.

    Args:
        spec: with validation by folds.
        prepare_fold: the data with that fold held out, or for None with all rows trained on.
        weights: to begin with, by name; None for new ones.

    Raises:
        DataError: from any step, if a fold's rows cannot be trained on.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        prepare_fold: Callable[[int | None], PreparedData],
        weights: Mapping[str, Floats] | None = None,
    ) -> None:
        assert isinstance(spec.validation, FoldsValidation)  # noqa: S101 - as said
        self._spec, self._weights = spec, weights
        self._folds = spec.validation.folds
        self._prepare_fold = prepare_fold
        self._progress = _FoldProgress()
        self._opened: Training | None = None

    @property
    def _current(self) -> Training:
        self.open()
        assert self._opened is not None  # noqa: S101 - just opened
        return self._opened

    def open(self) -> None:
        """Prepare the data of the network under way, unless that is done. Raises DataError."""
        if self._opened is None:
            self._opened = self._open()

    def _open(self) -> Training:
        if self.is_in_folds:
            data = self._prepare_fold(self._progress.done)
            return Training(self._spec, data, self._weights)
        spec, stopping = self._spec, self._spec.early_stopping
        epochs = None
        if stopping is not None and stopping.metric.startswith(_PREFIX):
            stopping, epochs = None, self._mean_best_epoch()
        alone = spec.model_copy(update={"validation": None, "early_stopping": stopping})
        return Training(alone, self._prepare_fold(None), self._weights, epochs)

    def _mean_best_epoch(self) -> int:
        best = self._progress.best_epochs
        return max(1, math.floor(sum(best) / len(best) + 0.5))

    @property
    def rows(self) -> int:
        """Rows that the network under way is trained on."""
        return self._current.rows

    @property
    def preprocessing(self) -> Preprocessing:
        """What the network under way is trained behind."""
        return self._current.preprocessing

    @property
    def epoch(self) -> int:
        """Epochs finished of the network under way."""
        return 0 if self._opened is None else self._opened.epoch

    @property
    def steps_done(self) -> int:
        """Steps done over all epochs of all networks."""
        under_way = 0 if self._opened is None else self._opened.steps_done
        return self._progress.steps_before + under_way

    @property
    def epochs_since_best(self) -> int:
        """Epochs of the network under way finished after its best one."""
        return 0 if self._opened is None else self._opened.epochs_since_best

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch of the network under way."""
        return None if self._opened is None else self._opened.best

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch, rather than of the latest."""
        return self._opened is not None and self._opened.keeps_best

    @property
    def folds_done(self) -> int:
        """Folds that are trained and validated."""
        return self._progress.done

    @property
    def is_in_folds(self) -> bool:
        """Whether the network under way is a fold's, and not the one that is left in the end."""
        return self._progress.done < self._folds

    @property
    def cross_validation(self) -> CrossValidation | None:
        """What the folds have come to, once all are done."""
        if self.is_in_folds:
            return None
        return summarize(self._progress.results)

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it goes on."""
        if self.is_in_folds or self._opened is None:
            return self._progress.reason
        return self._opened.reason

    def score(self, values: dict[str, Metric]) -> float | None:
        """Of an epoch's values the one that the best is chosen by; None while folds are trained."""
        return None if self.is_in_folds else self._current.score(values)

    def end(self, reason: StopReason) -> None:
        """End here, with the weights of the network under way."""
        if self.is_in_folds:
            self._progress.reason = reason
        else:
            self._current.end(reason)

    def weights(self) -> dict[str, Floats]:
        """Copies of the parameters of the network under way by name."""
        return self._current.weights()

    def state(self) -> TrainingState:
        """Copies of everything needed to go on exactly."""
        state = self._current.state()
        return TrainingState(state.arrays, {**asdict(self._progress), "training": state.numbers})

    def restore(self, state: TrainingState) -> None:
        """Go on from a state of a training of the same spec and data. Raises ValueError."""
        numbers = dict(state.numbers)
        network = numbers.pop("training")
        self._progress = TypeAdapter(_FoldProgress).validate_python(numbers)
        self._opened = None
        self._current.restore(TrainingState(state.arrays, network))

    def run_epoch(self, stop: Callable[[], bool] = never) -> EpochRecord | None:
        """Finish the epoch under way, with all folds before it; None if `stop` ended it before.

        Raises:
            DivergenceError: a loss or a weight is not finite any more.
        """
        while self.is_in_folds:
            if self._current.reason is not None:
                # Before the next fold's data are prepared, which may take long.
                if stop():
                    return None
                self._finish_fold()
                continue
            record = self._current.run_epoch(stop)
            if record is None:
                return None
            self._progress.latest = _held_out(record.values())
        return self._current.run_epoch(stop)

    def _finish_fold(self) -> None:
        progress, network = self._progress, self._current
        best = network.best if network.keeps_best else None
        progress.results.append(progress.latest if best is None else _held_out(best))
        progress.best_epochs.append(network.epoch - network.epochs_since_best)
        progress.steps_before += network.steps_done
        progress.done += 1
        # Its data make room before the next ones are prepared.
        self._opened = None


def _held_out(values: Mapping[str, Metric]) -> dict[str, float]:
    """Metrics of the rows held out that are a single number, without their prefix."""
    return {
        name.removeprefix(_PREFIX): value
        for name, value in values.items()
        if name.startswith(_PREFIX) and isinstance(value, float)
    }


def summarize(results: list[dict[str, float]]) -> CrossValidation:
    """Mean and deviation of each metric over the folds, an undefined value counting as none."""
    names = dict.fromkeys(name for result in results for name in result)
    return CrossValidation(
        folds=len(results),
        metrics={name: _summary([result.get(name) for result in results]) for name in names},
    )


def _summary(values: list[float | None]) -> dict[str, Any]:
    known = np.array([value for value in values if value is not None])
    # In units of the largest, so that no sum of squares is too large.
    unit = float(np.abs(known).max()) or 1.0
    mean, std = float((known / unit).mean()) * unit, float((known / unit).std()) * unit
    return {"mean": mean, "std": std, "values": values}
