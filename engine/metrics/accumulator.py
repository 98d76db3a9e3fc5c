"""What every tally does."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from engine.arrays import Floats, Targets
from engine.metrics.names import Metric
from engine.specs import MetricName


class MetricAccumulator(ABC):
    """Is told of the batches of one pass, and then tells its loss and the metrics asked for.

    Attributes:
        sums: running sums by name, the rows added among them.
        arrays: what else was kept of those rows. With `sums`, all that a pass interrupted half-way
            has to remember; they are filled in place.
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

    def add(self, loss: float, outputs: Floats, targets: Targets) -> None:
        """Count a batch: its loss, its outputs `(batch, out_features)` and its targets."""
        rows = len(outputs)
        if rows != self._batch_rows:
            self._batch_rows = rows
            self._resize(rows)
        self._add(outputs, targets)
        self.sums["rows"] += rows
        self.sums["loss"] += loss * rows

    @property
    def loss(self) -> float:
        """Mean over rows of the batches' losses."""
        return self.sums["loss"] / self.sums["rows"]

    def metrics(self, prefix: str = "") -> dict[str, Metric]:
        """The metrics by name; one that is undefined or not finite is left out."""
        with np.errstate(all="ignore"):
            known = self._metrics()
        values = {name: known[name] for name in self._names}
        return {
            prefix + name: value
            for name, value in values.items()
            if value is not None and np.isfinite(value).all()
        }

    @abstractmethod
    def _resize(self, rows: int) -> None:
        """Make ready for batches of so many rows."""

    @abstractmethod
    def _add(self, outputs: Floats, targets: Targets) -> None:
        """Count a batch; the rows before it are in `sums`."""

    @abstractmethod
    def _metrics(self) -> Mapping[MetricName, Metric | None]:
        """At least the metrics asked for; None for one that is undefined."""
