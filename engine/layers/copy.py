"""Copies, where a layer would overwrite what one before it still needs."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Shape
from engine.layers.base import Layer


class Copy(Layer):
    """y = x, in memory of its own."""

    def __init__(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> None:
        super().__init__(name, shape, shape)
        self._y = Buffer(shape, dtype)

    def workspace(self, rows: int) -> int:
        """Y."""
        return rows * self._y.row_size

    def resize(self, rows: int) -> None:
        """Make y that many rows long."""
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
    """The layers, with copies between them, so that the x they are given stays as it is.

    Args:
        layers: from first to last.
        name: of a copy after the last.
        shape: of the x they are given.
        dtype: of all arrays.
        overwrites_y: whether somebody writes into what the last one returns.
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
