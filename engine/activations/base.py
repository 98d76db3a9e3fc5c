"""What every activation function does."""

from abc import ABC, abstractmethod

from engine.arrays import Floats


class Activation(ABC):
    """A differentiable function of a layer's outputs, shape `(batch, …, features)`, C-contiguous.

    Attributes:
        saves: whether f′ cannot be told from y alone, so that forward keeps it in `saved`.
        saved: an array of x's shape, given by whoever owns the workspace, if it saves.
    """

    saves = False
    saved: Floats

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """Overwrite x with y = f(x); return it."""

    def predict(self, x: Floats) -> Floats:
        """As `forward`, when no backward follows: nothing is saved."""
        return self.forward(x)

    @abstractmethod
    def backward(self, y: Floats, dy: Floats) -> Floats:
        """Overwrite dy with dx = dy · f′(x); return it. What is in y is lost."""


class Linear(Activation):
    """y = x."""

    def forward(self, x: Floats) -> Floats:
        """Return x."""
        return x

    def backward(self, y: Floats, dy: Floats) -> Floats:  # noqa: ARG002 - f′ = 1 whatever y is
        """Return dy."""
        return dy
