"""Copy layers, inserted where a layer would overwrite an array that is still needed."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer


class Copy(Layer):
    """y = x, in separate memory."""

    def __init__(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> None:
        super().__init__(name, shape, shape)
        self._y = Buffer(shape, dtype)

    def workspace(self, rows: int) -> int:
        """Return the size of y."""
        return rows * self._y.row_size

    def resize(self, rows: int) -> None:
        """Allocate y for `rows` rows."""
        self.y = self._y.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return a copy of x."""
        np.copyto(self.y, x)
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Return dy."""
        return dy


def with_copies(
    layers: Iterable[Layer],
    name: str,
    shape: Shape,
    dtype: np.dtype[Any],
    *,
    overwrites_y: bool = False,
) -> list[Layer]:
    """Return the layers with copies inserted, so that neither x nor a kept y is overwritten.

    Args:
        layers: the layers, first to last.
        name: name of a copy after the last layer.
        shape: shape of one row of the input x.
        dtype: dtype of all arrays.
        overwrites_y: whether the caller writes into the last layer's output.
    """
    result: list[Layer] = []
    is_kept = True
    for layer in layers:
        if is_kept and layer.overwrites_x:
            result.append(Copy(layer.name, layer.in_shape, dtype))
        result.append(layer)
        is_kept = is_kept if layer.is_view else layer.keeps_y
        shape = layer.out_shape
    if is_kept and overwrites_y:
        result.append(Copy(name, shape, dtype))
    return result
