"""Activation function interface."""

from abc import ABC, abstractmethod

from engine.arrays import Floats, Pieces

# Share of the largest slope at or below which a value is saturated.
SATURATED_SLOPE = 0.05


class Activation(ABC):
    """A differentiable function of a layer's outputs, shape `(batch, …, features)`, C-contiguous.

    Attributes:
        saves: whether f′ cannot be computed from y alone, so that `forward` stores it in `saved`.
        saved: an array of x's shape, set by the owner of the workspace if `saves`.
        saturation: c and d such that a value with |y − c| ≥ d is saturated: f′ is at most
            SATURATED_SLOPE of its largest value. None for functions that do not saturate on both
            sides.
    """

    saves = False
    saturation: tuple[float, float] | None = None
    saved: Floats

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y = f(x); return it."""

    def predict(self, x: Floats) -> Floats:
        """Overwrite x with y like `forward`, without saving anything for backward."""
        return self.forward(x)

    def pieces(self, y: Floats) -> Pieces | None:  # noqa: ARG002 - one piece for every y
        """Return which piece of the function each y is on, an array of y's shape.

        None if the function is smooth: its first and second derivatives have no jump.
        """
        return None

    @abstractmethod
    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · f′(x); return it. The contents of y are lost."""


class Linear(Activation):
    """y = x."""

    def forward(self, x: Floats) -> Floats:
        """Return x."""
        return x

    def backward(self, y: Floats, dy: Floats) -> Floats:  # noqa: ARG002 - f′ = 1 for every y
        """Return dy."""
        return dy
