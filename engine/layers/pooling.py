"""2-D max and average pooling."""

from functools import cached_property
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Pieces
from engine.layers.base import Layer
from engine.layers.windows import Windows, WindowSpan, pair_spans


class Pooling2d(Layer):
    """Base of max and average pooling; x is `(batch, height, width, channels)`.

    Each pass loops over the offsets within a window and handles all windows at once.
    """

    def __init__(
        self, name: str, windows: tuple[Windows, Windows], channels: int, dtype: np.dtype[Any]
    ) -> None:
        rows, columns = windows
        in_shape = (rows.size, columns.size, channels)
        super().__init__(name, in_shape, (rows.count, columns.count, channels))
        self.windows = windows
        self._overlap = any(axis.length > axis.stride for axis in windows)
        self._y = Buffer(self.out_shape, dtype)
        self._dx = Buffer(in_shape, dtype)

    @cached_property
    def _values(self) -> list[WindowSpan]:
        return [values for _, values in pair_spans(*self.windows)]

    def workspace(self, rows: int) -> int:
        """Return the size of y and, if needed, ∂x."""
        return rows * (self._y.row_size + (self._dx.row_size if self.needs_dx else 0))

    def resize(self, rows: int) -> None:
        """Allocate y and, if needed, dx for `rows` rows."""
        self.y = self._y.rows(rows)
        if self.needs_dx:
            self.dx = self._dx.rows(rows)

    def _add_to_dx(self, share: Floats, values: WindowSpan) -> None:
        """Add each window's share of ∂y to ∂x at one offset."""
        target = self.dx[values]
        if self._overlap:
            np.add(target, share, out=target)
        else:
            np.copyto(target, share)


class MaxPooling2d(Pooling2d):
    """y = the maximum of each window; ∂y goes to its first occurrence."""

    keeps_y = True

    def __init__(
        self, name: str, windows: tuple[Windows, Windows], channels: int, dtype: np.dtype[Any]
    ) -> None:
        super().__init__(name, windows, channels, dtype)
        self._share = Buffer(self.out_shape, dtype)

    def workspace(self, rows: int) -> int:
        """Return the size of y and, if needed, ∂x and a buffer for shares of ∂y."""
        return super().workspace(rows) + (rows * self._y.row_size if self.needs_dx else 0)

    def resize(self, rows: int) -> None:
        """Allocate the workspace for `rows` rows."""
        super().resize(rows)
        if self.needs_dx:
            self._shares = self._share.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y; keep x for backward."""
        self.x = x
        np.copyto(self.y, x[self._values[0]])
        for values in self._values[1:]:
            np.maximum(self.y, x[values], out=self.y)
        return self.y

    def pieces(self) -> Pieces:
        """Return the index of each window's maximum, its first occurrence."""
        winners = np.zeros(self.y.shape, np.int32)
        for index in reversed(range(len(self._values))):
            winners[self.x[self._values[index]] == self.y] = index
        return winners

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x; overwrites dy."""
        if not self.needs_dx:
            return dy
        self.dx.fill(0)
        for values in self._values:
            np.equal(self.x[values], self.y, out=self._shares)
            np.multiply(self._shares, dy, out=self._shares)
            self._add_to_dx(self._shares, values)
            # Assigned gradient is removed, so that a later equal value receives none.
            np.subtract(dy, self._shares, out=dy)
        return self.dx


class AveragePooling2d(Pooling2d):
    """y = the mean of each window; ∂y is divided equally among its values."""

    def forward(self, x: Floats) -> Floats:
        """Return y."""
        np.copyto(self.y, x[self._values[0]])
        for values in self._values[1:]:
            np.add(self.y, x[values], out=self.y)
        return np.divide(self.y, len(self._values), out=self.y)

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x; overwrites dy."""
        if not self.needs_dx:
            return dy
        np.divide(dy, len(self._values), out=dy)
        self.dx.fill(0)
        for values in self._values:
            self._add_to_dx(dy, values)
        return self.dx
