"""The interface of a training run: it can stop after any step, or within one, and resume."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from engine.arrays import Floats, Indices
from engine.data.split_arrays import Batch
from engine.findings import Finding
from engine.metrics import Metric
from engine.preparation.part_rows import PartRows
from engine.preprocessing.preprocessing import Preprocessing
from engine.training.fold_summary import CrossValidation
from engine.training.learning_rate import RateSearch
from engine.training.progress import EpochRecord, StopReason
from engine.training.recovery import Restore
from engine.training.step_inputs import StepInputs
from engine.training.stopping import never


@dataclass(frozen=True)
class TrainingState:
    """Everything needed to resume exactly, even in the middle of an epoch.

    Attributes:
        arrays: C-contiguous: `parameters`, `optimizer.…`, `tally.…`, `best_parameters`.
        numbers: JSON values.
    """

    arrays: Mapping[str, Floats]
    numbers: dict[str, Any]


class TrainingProtocol(Protocol):
    """A training of one network, or of one network per fold and then the final one."""

    @property
    def rows(self) -> int:
        """Number of training rows of the current network."""
        ...

    @property
    def part_rows(self) -> PartRows | None:
        """Numbers of rows of all parts; None if they are not known."""
        ...

    @property
    def preprocessing(self) -> Preprocessing:
        """Fitted preprocessing of the current network."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Findings about the rows and the epochs so far, since the training was opened."""
        ...

    @property
    def epoch(self) -> int:
        """Completed epochs of the current network."""
        ...

    @property
    def steps_done(self) -> int:
        """Completed steps over all epochs of all networks."""
        ...

    @property
    def epochs_since_best(self) -> int:
        """Completed epochs after the best one."""
        ...

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch; None before the first has ended."""
        ...

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch rather than the latest."""
        ...

    @property
    def folds_done(self) -> int:
        """Completed folds."""
        ...

    @property
    def is_in_folds(self) -> bool:
        """Whether the current network is a fold's, not the final one."""
        ...

    @property
    def cross_validation(self) -> CrossValidation | None:
        """Summary of the folds, once all are complete."""
        ...

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it is running."""
        ...

    @property
    def restores(self) -> Sequence[Restore]:
        """Returns to an earlier epoch's end after divergences, since the training was opened."""
        ...

    @property
    def restores_done(self) -> int:
        """Number of restores of the current network, also of those before it was opened."""
        ...

    @property
    def good_epochs(self) -> int | None:
        """Completed epochs of the state that a divergence returns to; None without one."""
        ...

    @property
    def is_validating(self) -> bool:
        """Whether the steps of the current epoch are done, but not its validation."""
        ...

    @property
    def has_network_ended(self) -> bool:
        """Whether the current network has done its last step; a fold is then followed by others."""
        ...

    def score(self, values: dict[str, Metric]) -> float | None:
        """Return the value by which the best epoch is selected; lower is better."""
        ...

    def end(self, reason: StopReason) -> None:
        """End training now, for a reason external to it, such as a time budget."""
        ...

    def search_learning_rate(self, stop: Callable[[], bool] = never) -> RateSearch:
        """Search a lower rate that trains the current network; its state is then lost.

        Args:
            stop: called before each step; True ends the search.
        """
        ...

    def result_findings(
        self, values: Mapping[str, Metric], stop: Callable[[], bool] = never
    ) -> tuple[Finding, ...]:
        """Return the findings about the result of a training that has ended; its state is lost.

        Args:
            values: losses and metrics of the weights that the training returns.
            stop: called before each step of trials of other learning rates; True ends them.
        """
        ...

    def weights(self) -> dict[str, Floats]:
        """Return copies of the parameters by name: the best epoch's if kept, else the latest."""
        ...

    def model_preprocessing(self) -> Preprocessing:
        """Return the preprocessing of a model with the current `weights`; it may take a while."""
        ...

    def test_metrics(self) -> dict[str, Metric] | None:
        """Return loss and metrics of `weights()` on the test rows; None without, and in folds."""
        ...

    def state(self, *, copy: bool = True) -> TrainingState:
        """Return everything needed to resume exactly; without copies, valid until the next step."""
        ...

    @property
    def state_bytes(self) -> int:
        """Size of the arrays of `state`."""
        ...

    def restore(self, state: TrainingState) -> None:
        """Resume from a state of the same spec and data. Raises ValueError."""
        ...

    def next_step(self) -> StepInputs:
        """Return copies of everything that the current network's next step depends on."""
        ...

    def next_rows(self, count: int) -> tuple[Batch, Indices]:
        """Return copies of `count` rows from the first of the next step on; and their positions."""
        ...

    def run_epoch(
        self, stop: Callable[[], bool] = never, abandon: Callable[[], bool] = never
    ) -> EpochRecord | None:
        """Complete the current epoch; None if it was stopped earlier. Raises DivergenceError.

        Args:
            stop: asked before each step; True ends the epoch there.
            abandon: asked within long steps and evaluations; True abandons them and ends the epoch
                before them.
        """
        ...


def train(
    training: TrainingProtocol,
    stop: Callable[[], bool] = never,
    abandon: Callable[[], bool] = never,
) -> Iterator[EpochRecord]:
    """Train until the end, yielding a record after each epoch.

    Args:
        training: a new training, or one restored from a state.
        stop: called before each step; True ends the generator there, and training can be resumed
            from `training.state()` bit for bit.
        abandon: asked within long steps and evaluations; True abandons them and ends the generator.

    Raises:
        DivergenceError: a loss or a weight is no longer finite.
    """
    while training.reason is None:
        record = training.run_epoch(stop, abandon)
        if record is None:
            return
        yield record
