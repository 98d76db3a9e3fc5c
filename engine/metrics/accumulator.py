"""Metric accumulator interface."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.arrays import Floats, Targets
from engine.metrics.names import Metric
from engine.specs import MetricName


class MetricAccumulator(ABC):
    """Accumulates the batches of one pass and computes its loss and the requested metrics.

    Attributes:
        sums: running sums by name, including the number of `rows`.
        arrays: values buffered per row, filled in place. `sums` and `arrays` are the complete
            state of an interrupted pass.
    """

    def __init__(self, names: Sequence[MetricName], sums: Iterable[str] = ()) -> None:
        self._names = names
        self._empty = dict.fromkeys(("rows", "loss", *sums), 0.0)
        self._batch_rows = -1
        self.sums = dict(self._empty)
        self.arrays: dict[str, Floats] = {}

    def reset(self) -> None:
        """Begin a new pass."""
        self.sums = dict(self._empty)

    def update(self, loss: float, outputs: Floats, targets: Targets) -> None:
        """Add a batch: its loss, outputs `(batch, out_features)` and targets."""
        rows = len(outputs)
        if rows != self._batch_rows:
            self._batch_rows = rows
            self._resize(rows)
        self._update(outputs, targets)
        self.sums["rows"] += rows
        self.sums["loss"] += loss * rows

    @property
    def loss(self) -> float:
        """Mean loss over all rows."""
        return self.sums["loss"] / self.sums["rows"]

    def result(self, prefix: str = "") -> dict[str, Metric]:
        """Return the metrics by name; undefined or non-finite ones are omitted."""
        with np.errstate(all="ignore"):
            computed = self._result()
        values = {name: computed[name] for name in self._names}
        return {
            prefix + name: value
            for name, value in values.items()
            if value is not None and np.isfinite(value).all()
        }

    @abstractmethod
    def _resize(self, rows: int) -> None:
        """Allocate the workspace for batches of `rows` rows."""

    @abstractmethod
    def _update(self, outputs: Floats, targets: Targets) -> None:
        """Add a batch; `sums` holds the number of rows before it."""

    @abstractmethod
    def _result(self) -> Mapping[MetricName, Metric | None]:
        """Return at least the requested metrics; None for an undefined one."""
