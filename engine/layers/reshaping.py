"""Reshape and flatten."""

from engine.arrays import Floats, Shape
from engine.layers.base import Layer


class Reshape(Layer):
    """y = x reshaped to `(batch, *out_shape)` in C order: a view."""

    is_view = True

    def __init__(self, name: str, in_shape: Shape, out_shape: Shape) -> None:
        super().__init__(name, in_shape, out_shape)

    def forward(self, x: Floats) -> Floats:
        """Return x in the new shape."""
        return x.reshape((len(x), *self.out_shape))

    def backward(self, dy: Floats) -> Floats:
        """Return dy in the old shape."""
        return dy.reshape((len(dy), *self.in_shape))
