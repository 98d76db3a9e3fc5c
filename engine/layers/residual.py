"""Residual block: layers with a skip connection."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer, Observe
from engine.layers.chain import Chain
from engine.layers.copy import with_copies


class Residual(Chain):
    """y = x + block(x), so that ∂x = ∂y + ∂block(x) (He et al. 2016)."""

    def __init__(
        self, name: str, shape: Shape, layers: Sequence[Layer], dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, shape, with_copies(layers, name, shape, dtype, overwrites_y=True))
        self._dy = Buffer(shape, dtype)

    def workspace(self, rows: int) -> int:
        """Return the workspace of the block and, if ∂x is needed, of a copy of ∂y."""
        return super().workspace(rows) + (rows * self._dy.row_size if self.needs_dx else 0)

    def resize(self, rows: int) -> None:
        """Resize the block and the copy of ∂y."""
        super().resize(rows)
        if self.needs_dx:
            self._dy_kept = self._dy.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return x + block(x)."""
        y = super().forward(x)
        return np.add(y, x, out=y)

    def predict(self, x: Floats) -> Floats:
        """Return x + block(x) in inference mode."""
        y = super().predict(x)
        return np.add(y, x, out=y)

    def predict_observed(self, x: Floats, observe: Observe) -> Floats:
        """Return `predict(x)`; pass the outputs of the block's layers to `observe`, then it."""
        y = super().predict_observed(x, observe)
        np.add(y, x, out=y)
        observe(self.name, y)
        return y

    def backward(self, dy: Floats) -> Floats:
        """Backpropagate through the block; return ∂y + ∂block(x)."""
        if not self.needs_dx:
            return super().backward(dy)
        np.copyto(self._dy_kept, dy)
        dx = super().backward(dy)
        return np.add(dx, self._dy_kept, out=dx)
