"""2-D convolution as one matrix product (im2col)."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.arrays import Buffer, Floats, Shape
from engine.initializers import initialization_bytes, initialize
from engine.layers.base import Layer
from engine.layers.windows import Windows, WindowSpan, pair_spans
from engine.specs import InitializerSpec


class Conv2d(Layer):
    """y[i, j] = Σ x[i·stride + u, j·stride + v] W[u, v] + b, over u and v.

    x is `(batch, height, width, channels)`, W `(kernel height, kernel width, channels, filters)`, b
    `(filters,)`. The windows of x are copied into the rows of a matrix X, one per output position,
    so that y = X W + b, ∂W = Xᵀ ∂y and ∂b = Σ ∂y; ∂x accumulates ∂y W[u, v]ᵀ for each u and v
    (Chellapilla et al. 2006).
    """

    def __init__(
        self,
        name: str,
        windows: tuple[Windows, Windows],
        channels: int,
        filters: int,
        dtype: np.dtype[Any],
        *,
        use_bias: bool,
        initializer: InitializerSpec,
    ) -> None:
        rows, columns = windows
        in_shape = (rows.size, columns.size, channels)
        super().__init__(name, in_shape, (rows.count, columns.count, filters))
        self.kernel = (rows.length, columns.length, channels)
        self.filters = filters
        self.use_bias = use_bias
        self._initializer = initializer
        self._dtype = dtype
        self.windows = windows
        self._is_padded = any(axis.before or axis.after for axis in windows)
        self._padded = Buffer((*(a.before + a.size + a.after for a in windows), channels), dtype)
        self._matrix = Buffer((rows.count, columns.count, *self.kernel), dtype)
        self._y = Buffer(self.out_shape, dtype)
        self._dx = Buffer(in_shape, dtype)

    @cached_property
    def _spans(self) -> list[tuple[WindowSpan, WindowSpan]]:
        return list(pair_spans(*self.windows))

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the shapes of `weight` and, with use_bias, `bias`."""
        shapes: dict[str, Shape] = {f"{self.name}.weight": (*self.kernel, self.filters)}
        if self.use_bias:
            shapes[f"{self.name}.bias"] = (self.filters,)
        return shapes

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Bind the views of weight and bias and of their gradients."""
        self.weight = parameters[f"{self.name}.weight"]
        matrix = (math.prod(self.kernel), self.filters)
        self._weight_matrix = self.weight.reshape(matrix)
        height, width, channels = self.kernel
        by_offset = self.weight.reshape((height * width, channels, self.filters))
        self._weights_transposed = [weight.T for weight in by_offset]
        if self.use_bias:
            self.bias = parameters[f"{self.name}.bias"]
        if not self.is_frozen:
            self._weight_gradient = gradients[f"{self.name}.weight"].reshape(matrix)
            if self.use_bias:
                self.bias_gradient = gradients[f"{self.name}.bias"]

    def initialize(self, random: np.random.Generator) -> None:
        """Initialize the weights; biases stay zero."""
        height, width, channels = self.kernel
        fans = height * width * channels, height * width * self.filters
        initialize(self._initializer, self.weight, *fans, random)

    def initialization_bytes(self) -> int:
        """Return the memory of the weights' initializer."""
        return initialization_bytes(self._initializer, (*self.kernel, self.filters))

    def workspace(self, rows: int) -> int:
        """Return the size of the window matrix, y, the padded x and, if needed, ∂x."""
        positions = self.windows[0].count * self.windows[1].count
        numbers = self._matrix.row_size + self._y.row_size + positions
        if self._is_padded:
            numbers += self._padded.row_size
        if self.needs_dx:
            numbers += self._dx.row_size
        return rows * numbers

    def multiplications(self) -> int:
        """Return the number of weights times that of output positions."""
        return math.prod(self.kernel) * math.prod(self.out_shape)

    def resize(self, rows: int) -> None:
        """Allocate the workspace for `rows` rows."""
        height, width, filters = self.out_shape
        positions = rows * height * width
        self._matrix_view = self._matrix.rows(rows)
        self._x_matrix = self._matrix_view.reshape((positions, math.prod(self.kernel)))
        self.y = self._y.rows(rows)
        self._y_matrix = self.y.reshape((positions, filters))
        self._ones = np.ones(positions, self._dtype)
        if self._is_padded:
            self._resize_padding(rows)
        if self.needs_dx:
            self.dx = self._dx.rows(rows)
            # X is no longer needed when ∂x is computed: its memory is reused for ∂y W[u, v]ᵀ.
            channels = self.kernel[-1]
            scratch = self._x_matrix.reshape(-1)[: positions * channels]
            self._share_matrix = scratch.reshape((positions, channels))
            self._share = scratch.reshape((rows, height, width, channels))

    def _resize_padding(self, rows: int) -> None:
        """Set the padding to zero; each `forward` writes the interior."""
        padded = self._padded.rows(rows)
        padded.fill(0)
        height, width = (slice(axis.before, axis.before + axis.size) for axis in self.windows)
        self._padded_x, self._inner = padded, padded[:, height, width]

    def forward(self, x: Floats) -> Floats:
        """Return y; keep the windows of x for backward."""
        if self._is_padded:
            np.copyto(self._inner, x)
            x = self._padded_x
        rows, columns = self.windows
        windows = sliding_window_view(x, (rows.length, columns.length), (1, 2))
        windows = windows[:, :: rows.stride, :: columns.stride]
        np.copyto(self._matrix_view, windows.transpose(0, 1, 2, 4, 5, 3))
        np.dot(self._x_matrix, self._weight_matrix, out=self._y_matrix)
        if self.use_bias:
            np.add(self._y_matrix, self.bias, out=self._y_matrix)
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Write ∂W and ∂b; return ∂x, or dy if ∂x is not needed."""
        gradient = dy.reshape(self._y_matrix.shape)
        if not self.is_frozen:
            np.dot(self._x_matrix.T, gradient, out=self._weight_gradient)
            if self.use_bias:
                np.dot(self._ones, gradient, out=self.bias_gradient)
        if not self.needs_dx:
            return dy
        self.dx.fill(0)
        for weight, (positions, values) in zip(self._weights_transposed, self._spans, strict=True):
            np.dot(gradient, weight, out=self._share_matrix)
            target = self.dx[values]
            np.add(target, self._share[positions], out=target)
        return self.dx
