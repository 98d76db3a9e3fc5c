"""What every loss does."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Targets


class Loss(ABC):
    """A mean over the batch of what is wrong with the network's outputs.

    Subclasses compute in `outputs`, an array of the logits' shape that they alone own.
    """

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        self._outputs = Buffer(out_features, dtype)
        self._rows = -1

    def forward(self, logits: Floats, targets: Targets) -> float:
        """The loss of a batch; logits `(batch, out_features)` are only read."""
        if len(logits) != self._rows:
            self._rows = len(logits)
            self._resize(self._rows)
        return self._forward(logits, targets)

    def _resize(self, rows: int) -> None:
        self.outputs = self._outputs.rows(rows)

    @abstractmethod
    def _forward(self, logits: Floats, targets: Targets) -> float: ...

    @abstractmethod
    def backward(self) -> Floats:
        """∂L/∂logits of the batch that forward saw last, shape `(batch, out_features)`."""
