"""Loss function interface."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Pieces, Targets


class Loss(ABC):
    """L = mean over the batch of w · l, with l the loss of a row and w its weight, 1 by default.

    A large batch may pass in chunks: L is the sum of what they return.

    Subclasses use `outputs`, an array of the logits' shape that each instance owns, as workspace.

    Attributes:
        outputs: activation(logits) of the latest `forward`; invalid after `backward`.
        row_losses: loss of each row of the latest `forward`, `(batch,)`, not weighted.
    """

    row_losses: Floats

    def __init__(self, out_features: int, dtype: np.dtype[Any]) -> None:
        self._outputs = Buffer((out_features,), dtype)
        self._values = Buffer((2,), dtype)
        self._dtype = dtype
        self._rows = self._batch_rows = -1
        self._is_weighted = False

    def forward(
        self,
        logits: Floats,
        targets: Targets,
        weights: Floats | None = None,
        batch_rows: int | None = None,
    ) -> float:
        """Return the loss of a batch, or what a chunk of its rows adds to it.

        Args:
            logits: `(batch, out_features)`; not modified.
            targets: targets of these rows.
            weights: weight of each row, `(batch,)`; their mean over all rows should be 1.
            batch_rows: rows of the whole batch; None if these are all.
        """
        rows = len(logits)
        if rows != self._rows:
            self._rows, self._batch_rows = rows, -1
            self._resize(rows)
        if (batch_rows or rows) != self._batch_rows:
            self._batch_rows = batch_rows or rows
            self._equal_shares = np.full(rows, 1 / self._batch_rows, self._dtype)
            self._equal_share: Floats = np.array(1 / self._batch_rows, self._dtype)
        self.row_losses = losses = self._forward(logits, targets)
        self._is_weighted = weights is not None
        if weights is None:
            return float(np.dot(losses, self._equal_shares))
        np.divide(weights, self._batch_rows, out=self._shares)
        return float(np.dot(losses, self._shares))

    def backward(self) -> Floats:
        """Return ∂L/∂logits of the latest `forward`, shape `(batch, out_features)`."""
        gradient = self._backward()
        if self._is_weighted:
            shares: Floats = self._shares[:, np.newaxis]
            return np.multiply(gradient, shares, out=gradient)
        return np.multiply(gradient, self._equal_share, out=gradient)

    def pieces(self) -> Pieces | None:
        """Return which pieces of a piecewise loss the latest `forward` was on, if it is one.

        None if the loss is smooth. To be called before `backward`.
        """
        return None

    def _resize(self, rows: int) -> None:
        """Allocate the workspace for batches of `rows` rows."""
        self.outputs = self._outputs.rows(rows)
        # Two contiguous vectors rather than two columns: dot products are faster on them.
        values = self._values.rows(rows).reshape(2, rows)
        self._losses: Floats = values[0]
        self._shares: Floats = values[1]

    @abstractmethod
    def _forward(self, logits: Floats, targets: Targets) -> Floats:
        """Return the loss of each row, shape `(batch,)`; `_losses` is a buffer for them."""

    @abstractmethod
    def _backward(self) -> Floats:
        """Return ∂l/∂logits of each row, in an array that the caller may overwrite."""
