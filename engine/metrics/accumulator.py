"""Metric accumulator interface."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.arrays import Floats
from engine.data.split_arrays import Batch
from engine.metrics.names import Metric
from engine.metrics.weighted import Weights
from engine.specs import MetricName


class MetricAccumulator(ABC):
    """Accumulates the batches of one pass and computes its loss and the requested metrics.

    Attributes:
        sums: running sums by name, including the number of `rows`, and their total `weight` if they
            have sample weights.
        arrays: values buffered per row, filled in place. `sums` and `arrays` are the complete
            state of an interrupted pass.
        computed: metrics of the latest `result`, with those that it omits: None if undefined, NaN
            or infinite if not finite.
        has_omitted: whether the latest `result` omits a metric, or a number of a list.
    """

    def __init__(self, names: Sequence[MetricName], sums: Iterable[str] = ()) -> None:
        self._names = names
        self._empty = dict.fromkeys(("rows", "loss", *sums), 0.0)
        self._batch_rows = -1
        self.sums = dict(self._empty)
        self.arrays: dict[str, Floats] = {}
        self.computed: Mapping[str, Metric | None] = {}
        self.has_omitted = False

    def reset(self) -> None:
        """Begin a new pass."""
        self.sums = dict(self._empty)

    def update(self, loss: float, outputs: Floats, batch: Batch) -> None:
        """Add a batch: its loss, its outputs `(batch, out_features)` and its rows.

        The loss is the mean over the batch of w · l, with w the weights of the loss.
        """
        rows = len(outputs)
        if rows != self._batch_rows:
            self._batch_rows = rows
            self._resize(rows)
        weights: Weights = None
        if batch.sample_weights is not None:
            weights = batch.sample_weights.astype(np.float64)
            self.sums["weight"] = self.sums.get("weight", 0.0) + float(np.add.reduce(weights))
        self._update(outputs, batch, weights)
        self.sums["rows"] += rows
        self.sums["loss"] += loss * rows

    @property
    def loss(self) -> float:
        """Σ w · l / Σ w over all rows, whose weights w have mean 1."""
        return self.sums["loss"] / self.sums["rows"]

    @property
    def weight(self) -> float:
        """Sum of the sample weights; the number of rows if they have none."""
        return self.sums.get("weight", self.sums["rows"])

    def result(self, prefix: str = "") -> dict[str, Metric]:
        """Return the metrics by name; undefined or non-finite ones are omitted, in lists None."""
        with np.errstate(all="ignore"):
            self.computed = self._result()
        finite = {prefix + name: _finite(value) for name, value in self.computed.items()}
        self.has_omitted = any(
            value is None or (isinstance(value, list) and None in value)
            for value in finite.values()
        )
        return {name: value for name, value in finite.items() if value is not None}

    @abstractmethod
    def _resize(self, rows: int) -> None:
        """Allocate the workspace for batches of `rows` rows."""

    @abstractmethod
    def _update(self, outputs: Floats, batch: Batch, weights: Weights) -> None:
        """Add a batch with these sample weights; `sums` holds the number of rows before it."""

    @abstractmethod
    def _result(self) -> Mapping[str, Metric | None]:
        """Return the requested metrics and their lists; None for an undefined metric."""


def _finite(value: Metric | None) -> Metric | None:
    """Return a metric, None if it is not finite; in a list, None for each number that is not."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [_finite_entry(entry) for entry in value]  # type: ignore[return-value] # of one kind
    return value


def _finite_entry(entry: float | list[float] | None) -> float | list[float] | None:
    return None if isinstance(entry, float) and not math.isfinite(entry) else entry
