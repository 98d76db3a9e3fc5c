"""Pooling: of each window of an image, its largest value or its mean."""

from functools import cached_property
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats
from engine.layers.base import Layer
from engine.layers.windows import Windows, WindowSpan, pair_spans


class Pooling2d(Layer):
    """What both poolings share; x is `(batch, height, width, channels)`.

    A window's values are looked at one offset at a time, for all windows at once.
    """

    def __init__(
        self, name: str, windows: tuple[Windows, Windows], channels: int, dtype: np.dtype[Any]
    ) -> None:
        rows, columns = windows
        in_shape = (rows.size, columns.size, channels)
        super().__init__(name, in_shape, (rows.count, columns.count, channels))
        self._windows = windows
        self._overlap = any(axis.length > axis.stride for axis in windows)
        self._y = Buffer(self.out_shape, dtype)
        self._dx = Buffer(in_shape, dtype)

    @cached_property
    def _values(self) -> list[WindowSpan]:
        return [values for _, values in pair_spans(*self._windows)]

    def workspace(self, rows: int) -> int:
        """Y and, where it is needed, ∂x."""
        return rows * (self._y.row_size + (self._dx.row_size if self.needs_dx else 0))

    def resize(self, rows: int) -> None:
        """Make y, and dx where it is needed, that many rows long."""
        self.y = self._y.rows(rows)
        if self.needs_dx:
            self.dx = self._dx.rows(rows)

    def _send_back(self, share: Floats, values: WindowSpan) -> None:
        """Add each window's share to ∂x, where the values are."""
        found = self.dx[values]
        if self._overlap:
            np.add(found, share, out=found)
        else:
            np.copyto(found, share)


class MaxPooling2d(Pooling2d):
    """y = the largest value of each window; ∂y goes to where it is found first."""

    keeps_y = True

    def __init__(
        self, name: str, windows: tuple[Windows, Windows], channels: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, windows, channels, dtype)
        self._share = Buffer(self.out_shape, dtype)

    def workspace(self, rows: int) -> int:
        """Y and, where it is needed, ∂x and what of ∂y is on its way there."""
        return super().workspace(rows) + (rows * self._y.row_size if self.needs_dx else 0)

    def resize(self, rows: int) -> None:
        """Make all of them that many rows long."""
        super().resize(rows)
        if self.needs_dx:
            self._shares = self._share.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y; x is kept for backward."""
        self.x = x
        np.copyto(self.y, x[self._values[0]])
        for values in self._values[1:]:
            np.maximum(self.y, x[values], out=self.y)
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x; dy is overwritten."""
        if not self.needs_dx:
            return dy
        self.dx.fill(0)
        for values in self._values:
            np.equal(self.x[values], self.y, out=self._shares)
            np.multiply(self._shares, dy, out=self._shares)
            self._send_back(self._shares, values)
            # What has found its place is not there for an equal value further on.
            np.subtract(dy, self._shares, out=dy)
        return self.dx


class AveragePooling2d(Pooling2d):
    """y = the mean of each window; each of its values gets an equal share of ∂y."""

    def forward(self, x: Floats) -> Floats:
        """Return y."""
        np.copyto(self.y, x[self._values[0]])
        for values in self._values[1:]:
            np.add(self.y, x[values], out=self.y)
        return np.divide(self.y, len(self._values), out=self.y)

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x; dy is overwritten."""
        if not self.needs_dx:
            return dy
        np.divide(dy, len(self._values), out=dy)
        self.dx.fill(0)
        for values in self._values:
            self._send_back(dy, values)
        return self.dx
