"""Multi-class hinge loss, on linear outputs."""

from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Pieces, Targets
from engine.losses.base import Loss


class HingeLoss(Loss):
    """l = Σ_k≠class max(0, margin − z_class + z_k) / classes, with z the outputs.

    Gradient times classes: 1 for each k with a positive term, minus their number for the class.
    Targets are class indices, shape `(batch,)`. Source: Weston and Watkins 1999.
    """

    def __init__(self, out_features: int, margin: float, dtype: np.dtype[Any]) -> None:
        super().__init__(out_features, dtype)
        self._margin = margin
        self._classes = out_features
        self._scratch = Buffer((out_features,), dtype)
        self._column = Buffer((1,), dtype)
        self._zero = np.zeros((), dtype)

    def _resize(self, rows: int) -> None:
        super()._resize(rows)
        self._terms = self._scratch.rows(rows)
        self._row_value = self._column.rows(rows)
        self._row_start = np.arange(rows) * self._classes
        self._position = np.empty(rows, np.intp)

    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        terms, row = self._terms, self._row_value
        np.copyto(self.outputs, logits)
        np.add(self._row_start, targets, out=self._position)
        self.outputs.reshape(-1).take(self._position, None, row[:, 0], "clip")
        np.subtract(logits, row, out=terms)
        np.add(terms, self._margin, out=terms)
        terms.reshape(-1)[self._position] = 0
        np.maximum(terms, self._zero, out=terms)
        np.add.reduce(terms, axis=1, out=self._losses)
        return np.divide(self._losses, self._classes, out=self._losses)

    def pieces(self) -> Pieces:
        """Return which margins are violated, `(batch, classes)`."""
        return np.greater(self._terms, 0)

    def _backward(self) -> Floats:
        """(1 per violated margin, minus the number of violations for the class) / classes."""
        terms, row = self._terms, self._row_value
        np.greater(terms, self._zero, out=terms)
        np.add.reduce(terms, axis=1, keepdims=True, out=row)
        terms.reshape(-1)[self._position] = -row[:, 0]
        return np.divide(terms, self._classes, out=terms)
