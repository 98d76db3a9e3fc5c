"""An activation function as a layer."""

from engine.activations import Activation
from engine.arrays import Floats
from engine.layers.base import Layer


class ActivationLayer(Layer):
    """y = f(x), written over x."""

    def __init__(self, name: str, activation: Activation) -> None:
        self.name = name
        self.activation = activation

    def resize(self, rows: int) -> None:
        """It works in the arrays it is given."""

    def forward(self, x: Floats) -> Floats:
        """Return y = f(x) in place of x."""
        self.y = self.activation.forward(x)
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Return ∂x = ∂y · f′(x) in place of ∂y."""
        return self.activation.backward(self.y, dy)
