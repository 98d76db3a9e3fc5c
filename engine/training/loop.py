"""What whoever runs a training needs of it: steps that can be stopped after, and gone on with."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from engine.arrays import Floats
from engine.metrics import Metric
from engine.preprocessing.preprocessing import Preprocessing
from engine.training.progress import EpochRecord, StopReason


@dataclass(frozen=True)
class TrainingState:
    """Everything needed to go on exactly, in the middle of an epoch too.

    Attributes:
        arrays: C-contiguous copies: `parameters`, `optimizer.…`, `tally.…`, `best_parameters`.
        numbers: JSON values.
    """

    arrays: dict[str, Floats]
    numbers: dict[str, Any]


@dataclass(frozen=True)
class CrossValidation:
    """What the folds have come to.

    Attributes:
        folds: how many.
        metrics: `loss` and every metric of a single number by name, of the rows held out: its
            mean over the folds, its std (the root of the mean squared deviation from that mean),
            and its values fold by fold, None where it is undefined. They are of each fold's best
            epoch if the best is kept, else of its last.
    """

    folds: int
    metrics: dict[str, dict[str, Any]]


def never() -> bool:
    """Do not stop."""
    return False


class TrainingProtocol(Protocol):
    """A training of one network, or of one for each fold and then of the one that is left."""

    @property
    def rows(self) -> int:
        """Rows that the network under way is trained on."""
        ...

    @property
    def preprocessing(self) -> Preprocessing:
        """What the network under way is trained behind."""
        ...

    @property
    def epoch(self) -> int:
        """Epochs finished of the network under way."""
        ...

    @property
    def steps_done(self) -> int:
        """Steps done over all epochs of all networks."""
        ...

    @property
    def epochs_since_best(self) -> int:
        """Epochs finished after the best one."""
        ...

    @property
    def best(self) -> dict[str, Metric] | None:
        """Losses and metrics of the best epoch; None before the first has ended."""
        ...

    @property
    def keeps_best(self) -> bool:
        """Whether the weights are those of the best epoch, rather than of the latest."""
        ...

    @property
    def folds_done(self) -> int:
        """Folds that are trained and validated."""
        ...

    @property
    def is_in_folds(self) -> bool:
        """Whether the network under way is a fold's, and not the one that is left in the end."""
        ...

    @property
    def cross_validation(self) -> CrossValidation | None:
        """What the folds have come to, once all are done."""
        ...

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it goes on."""
        ...

    def score(self, values: dict[str, Metric]) -> float | None:
        """Of an epoch's values the one that the best is chosen by; lower is better."""
        ...

    def end(self, reason: StopReason) -> None:
        """End here, for a reason that only the caller can know, such as its clock."""
        ...

    def weights(self) -> dict[str, Floats]:
        """Copies of the parameters by name: of the best epoch if it is kept, else the latest."""
        ...

    def state(self) -> TrainingState:
        """Copies of everything needed to go on exactly."""
        ...

    def restore(self, state: TrainingState) -> None:
        """Go on from a state of a training of the same spec and data. Raises ValueError."""
        ...

    def run_epoch(self, stop: Callable[[], bool] = never) -> EpochRecord | None:
        """Finish the epoch under way; None if `stop` ended it before. Raises DivergenceError."""
        ...


def train(training: TrainingProtocol, stop: Callable[[], bool] = never) -> Iterator[EpochRecord]:
    """Train until the end, yielding a record after each epoch.

    Args:
        training: a new one, or one restored to where it was stopped.
        stop: asked before each step; True ends the generator there, with `training.state()` good
            to go on from, bit for bit.

    Raises:
        DivergenceError: a loss or a weight is not finite any more.
    """
    while training.reason is None:
        record = training.run_epoch(stop)
        if record is None:
            return
        yield record
