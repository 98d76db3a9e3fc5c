"""How good the outputs are, summed up batch by batch."""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets
from engine.preprocessing import FittedTarget, NumericTarget


class Tally(ABC):
    """Sums over the batches of one pass, from which loss and metrics follow.

    Attributes:
        sums: the running sums by name; all that a pass interrupted half-way has to remember.
    """

    names: tuple[str, ...]

    def __init__(self) -> None:
        self.sums: dict[str, float] = {}
        self.reset()
        self._rows = -1

    def reset(self) -> None:
        """Begin a new pass."""
        self.sums = dict.fromkeys(("rows", "loss", *self.names), 0.0)

    def add(self, loss: float, outputs: Floats, targets: Targets) -> None:
        """Count a batch: its loss, its outputs `(batch, out_features)` and its targets."""
        rows = len(outputs)
        if rows != self._rows:
            self._rows = rows
            self._resize(rows)
        self.sums["rows"] += rows
        self.sums["loss"] += loss * rows
        self._add(outputs, targets)

    @property
    def loss(self) -> float:
        """Mean over rows of the batches' losses."""
        return self.sums["loss"] / self.sums["rows"]

    def metrics(self, prefix: str = "") -> dict[str, float]:
        """Metrics by name; one that is undefined or not finite is left out."""
        named = {prefix + name: value for name, value in self._metrics().items()}
        return {name: value for name, value in named.items() if math.isfinite(value)}

    @abstractmethod
    def _resize(self, rows: int) -> None: ...

    @abstractmethod
    def _add(self, outputs: Floats, targets: Targets) -> None: ...

    @abstractmethod
    def _metrics(self) -> dict[str, float]: ...


class ClassTally(Tally):
    """accuracy: share of rows whose largest output is that of their class.

    With a single output, the class is 1 where the output is above one half.
    """

    names = ("correct",)

    def _resize(self, rows: int) -> None:
        self._predicted = np.empty(rows, np.intp)
        self._correct = np.empty(rows, np.bool_)

    def _add(self, outputs: Floats, targets: Targets) -> None:
        if outputs.shape[1] == 1:
            np.equal(outputs[:, 0] > 0.5, targets[:, 0] > 0.5, out=self._correct)
        else:
            outputs.argmax(1, self._predicted)
            classes = targets if targets.ndim == 1 else targets.argmax(1)
            np.equal(self._predicted, classes, out=self._correct)
        self.sums["correct"] += int(np.count_nonzero(self._correct))

    def _metrics(self) -> dict[str, float]:
        return {"accuracy": self.sums["correct"] / self.sums["rows"]}


class NumberTally(Tally):
    """rmse, mae in the target's own unit, and r2.

    rmse = √(Σ (ŷ − y)² / rows); mae = Σ |ŷ − y| / rows; r2 = 1 − Σ (ŷ − y)² / Σ (y − ȳ)².

    Args:
        scale: the target's unit in units of the network's output.
        variation: Σ (y − ȳ)² over the rows that will be counted, in the output's unit.
        dtype: of the outputs.
    """

    names = ("squared", "absolute")

    def __init__(self, scale: float, variation: float, dtype: np.dtype[Any]) -> None:
        super().__init__()
        self._scale = scale
        self._variation = variation
        self._buffer = Buffer(1, dtype)

    def _resize(self, rows: int) -> None:
        self._error = self._buffer.rows(rows)

    def _add(self, outputs: Floats, targets: Targets) -> None:
        error = np.subtract(outputs, targets, out=self._error)
        self.sums["squared"] += float(np.vdot(error, error))
        np.abs(error, out=error)
        self.sums["absolute"] += float(np.add.reduce(error, axis=None))

    def _metrics(self) -> dict[str, float]:
        rows, squared = self.sums["rows"], self.sums["squared"]
        metrics = {
            "rmse": math.sqrt(squared / rows) * self._scale,
            "mae": self.sums["absolute"] / rows * self._scale,
        }
        if 0 < self._variation < math.inf:
            metrics["r2"] = 1 - squared / self._variation
        return metrics


def build_tally(target: FittedTarget, y: Targets) -> Tally:
    """The tally that belongs to a target, for passes over the rows of y."""
    if isinstance(target, NumericTarget):
        values = np.asarray(y, np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            variation = float(np.sum((values - values.mean()) ** 2))
        return NumberTally(target.scale, variation, y.dtype)
    return ClassTally()
