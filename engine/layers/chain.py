"""Sequence of layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from engine.arrays import Floats, Shape
from engine.layers.base import Layer, Observe


class Chain(Layer):
    """y = layer_n(… layer_1(x)).

    Attributes:
        check: called after each layer's `forward` and `backward`; it may raise. None for none.
    """

    check: Callable[[], None] | None = None

    def __init__(self, name: str, in_shape: Shape, layers: Sequence[Layer]) -> None:
        super().__init__(name, in_shape, layers[-1].out_shape if layers else in_shape)
        self.layers = tuple(layers)

    def children(self) -> Iterator[Layer]:
        """Return the layers, first to last."""
        return iter(self.layers)

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the parameter shapes of all layers."""
        return {n: s for layer in self.layers for n, s in layer.parameter_shapes().items()}

    def state_shapes(self) -> dict[str, Shape]:
        """Return the state shapes of all layers."""
        return {n: s for layer in self.layers for n, s in layer.state_shapes().items()}

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Bind all layers."""
        for layer in self.layers:
            layer.bind(parameters, gradients)

    def workspace(self, rows: int) -> int:
        """Return the total workspace of all layers."""
        return sum(layer.workspace(rows) for layer in self.layers)

    def multiplications(self) -> int:
        """Return the multiplications of all layers."""
        return sum(layer.multiplications() for layer in self.layers)

    def resize(self, rows: int) -> None:
        """Resize all layers."""
        for layer in self.layers:
            layer.resize(rows)

    def forward(self, x: Floats) -> Floats:
        """Apply the layers, first to last, in training mode."""
        check = self.check
        for layer in self.layers:
            x = layer.forward(x)
            if check is not None:
                check()
        return x

    def predict(self, x: Floats) -> Floats:
        """Apply the layers, first to last, in inference mode."""
        for layer in self.layers:
            x = layer.predict(x)
        return x

    def predict_observed(self, x: Floats, observe: Observe) -> Floats:
        """Return `predict(x)`; pass the output of each layer to `observe`, then that of all."""
        for layer in self.layers:
            x = layer.predict_observed(x, observe)
        observe(self.name, x)
        return x

    def backward(self, dy: Floats) -> Floats:
        """Backpropagate from the last layer to the first trained one."""
        check = self.check
        for layer in reversed(self.layers):
            dy = layer.backward(dy)
            if check is not None:
                check()
            if not layer.needs_dx:
                break
        return dy
