"""Training: epochs of steps, each forward, backward, update. It can stop after any of them."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from engine.arrays import Floats
from engine.batches import Batches
from engine.build import build_loss, build_network, build_optimizer, initialize_network
from engine.errors import DivergenceError
from engine.metrics import build_tally
from engine.preparation import PreparedData
from engine.progress import EpochRecord, Progress, StopReason
from engine.specs import ResolvedSpec
from engine.validation import Validation

__all__ = ["EpochRecord", "StopReason", "Training", "TrainingState", "never", "train"]


# Below it, the squares of float32 numbers lose their digits.
_LEAST_SQUARE = 1e-30


@dataclass(frozen=True)
class TrainingState:
    """Everything needed to go on exactly, in the middle of an epoch too.

    Attributes:
        arrays: C-contiguous copies: `parameters`, `optimizer.…`, `best_parameters`.
        numbers: JSON values.
    """

    arrays: dict[str, Floats]
    numbers: dict[str, Any]


def never() -> bool:
    """Do not stop."""
    return False


def train(training: "Training", stop: Callable[[], bool] = never) -> Iterator[EpochRecord]:
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


class Training:
    """A network being trained on prepared data, from new weights or from given ones.

    Raises:
        ValueError: the given weights are not those of the spec's network.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        data: PreparedData,
        weights: Mapping[str, Floats] | None = None,
    ) -> None:
        dtype = np.dtype(spec.dtype)
        self._spec = spec
        self._data = data
        self._network = build_network(spec.network, data.preprocessing.width, dtype)
        initialize_network(self._network, spec.network, spec.seed)
        if weights is not None:
            self._network.load(weights)
        self._loss = build_loss(spec.loss, spec.network.output, dtype)
        self._optimizer = build_optimizer(spec.optimizer, self._network)
        self._batches = Batches(
            data.x, data.y, batch_size=spec.batch_size, shuffle=spec.shuffle, seed=spec.seed
        )
        target = data.preprocessing.target
        self._tally = build_tally(target, data.y)
        self._validation = None
        if data.x_validation is not None and data.y_validation is not None:
            x, y = data.x_validation, data.y_validation
            self._validation = Validation(self._network, self._loss, build_tally(target, y), x, y)
        self._progress = Progress()
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
    def best(self) -> dict[str, float] | None:
        """Losses and metrics of the best epoch; None before the first has ended.

        The best is the lowest early-stopping metric, else validation loss, else loss.
        """
        return None if self._progress.best is None else dict(self._progress.best)

    @property
    def reason(self) -> StopReason | None:
        """Why training ended; None while it goes on."""
        return self._progress.reason

    @property
    def rows(self) -> int:
        """Training rows."""
        return len(self._data.x)

    def weights(self) -> dict[str, Floats]:
        """Copies of the parameters by name: of the best epoch if it is kept, else the latest."""
        vector = self._network.parameters
        if self._best_parameters is not None and self._progress.best is not None:
            vector = self._best_parameters
        return {name: view.copy() for name, view in self._network.views(vector).items()}

    def state(self) -> TrainingState:
        """Copies of everything needed to go on exactly."""
        arrays = {name: array.copy() for name, array in self._arrays().items()}
        self._progress.sums = dict(self._tally.sums)
        return TrainingState(arrays, asdict(self._progress))

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

    def _arrays(self) -> dict[str, Floats]:
        """The arrays of the state, not copied."""
        slots = self._optimizer.slots
        arrays = {"parameters": self._network.parameters}
        arrays |= {f"optimizer.{name}": slot for name, slot in slots.items()}
        if self._best_parameters is not None:
            arrays["best_parameters"] = self._best_parameters
        return arrays

    def run_epoch(self, stop: Callable[[], bool] = never) -> EpochRecord | None:
        """Finish the epoch under way and tell of it; None if `stop` ended it before its end.

        Raises:
            DivergenceError: a loss or a weight is not finite any more.
        """
        # Overflow is looked for where it matters, after each step, and raised as divergence.
        with np.errstate(all="ignore"):
            self._batches.begin(self.epoch)
            for _ in range(self.step, self._batches.steps):
                if stop():
                    return None
                self._run_step()
            return self._finish_epoch()

    def _run_step(self) -> None:
        """One batch: forward, backward, update."""
        progress = self._progress
        x, y = self._batches.batch(progress.step)
        loss = self._loss.forward(self._network.forward(x), y)
        if not math.isfinite(loss):
            raise self._divergence(x)
        self._tally.add(loss, self._loss.outputs, y)
        self._network.backward(self._loss.backward())
        progress.steps_done += 1
        self._optimizer.update(self._spec.optimizer.learning_rate, progress.steps_done)
        if not self._network.is_finite():
            raise self._divergence(x)
        progress.step += 1

    def _finish_epoch(self) -> EpochRecord:
        """Validate, and decide whether this was the best epoch and whether it was the last."""
        metrics = self._tally.metrics()
        validation_loss = None
        if self._validation is not None:
            tally = self._validation.run()
            validation_loss = tally.loss
            metrics |= tally.metrics("validation_")
            if not math.isfinite(validation_loss):
                raise DivergenceError(self.epoch, self.step - 1, "output")
        record = EpochRecord(
            epoch=self.epoch,
            loss=self._tally.loss,
            validation_loss=validation_loss,
            metrics=metrics,
            learning_rate=self._spec.optimizer.learning_rate,
            gradient_norm=_norm(self._network.gradients),
            steps=self.steps_done,
        )
        self._tally.reset()
        self._note(record)
        return record

    def _note(self, record: EpochRecord) -> None:
        """Keep the parameters if they are the best, and end if the end has come."""
        progress, stopping = self._progress, self._spec.early_stopping
        default = "loss" if record.validation_loss is None else "validation_loss"
        metric = default if stopping is None else stopping.metric
        is_best = progress.note(record, metric, 0.0 if stopping is None else stopping.min_delta)
        if is_best and self._best_parameters is not None:
            np.copyto(self._best_parameters, self._network.parameters)
        if progress.epoch == self._spec.epochs:
            progress.reason = "completed"
        elif stopping is not None and progress.epochs_since_best >= stopping.patience:
            progress.reason = "early_stopping"

    def _divergence(self, x: Floats) -> DivergenceError:
        return DivergenceError(self.epoch, self.step, self._network.diverging_layer(x))


def _norm(vector: Floats) -> float:
    """Euclidean length, finite for every finite vector."""
    square = float(np.dot(vector, vector))
    if math.isfinite(square) and square > _LEAST_SQUARE:
        return math.sqrt(square)
    # The sum of squares overflowed or vanished. A scaled copy costs as much memory as the vector.
    largest = max(abs(float(vector.max())), abs(float(vector.min())))
    if largest == 0:
        return 0.0
    scaled = vector / largest
    return largest * math.sqrt(float(np.dot(scaled, scaled)))
