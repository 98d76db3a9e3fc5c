"""What every layer does."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from engine.arrays import Floats


class Layer(ABC):
    """A differentiable step of the network.

    Its parameters and gradients are views into the network's two flat vectors. Arrays it returns
    are its own workspace: they are valid until its next call, and whoever receives one may
    overwrite it. A layer therefore never reads what it has returned, unless it changed it itself.

    Attributes:
        name: prefix of its parameters' names, such as `layers.0`.
    """

    name: str

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter by its short name, in the order they lie in the flat vector."""
        return {}

    def bind(  # noqa: B027 - nothing to do for a layer without parameters
        self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]
    ) -> None:
        """Take the views, named as in `parameter_shapes`, that it reads and writes from now on."""

    @abstractmethod
    def resize(self, rows: int) -> None:
        """Make the workspace ready for batches of that many rows."""

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """From x, shape `(batch, in_features)`, to y, shape `(batch, out_features)`."""

    @abstractmethod
    def backward(self, dy: Floats) -> Floats:
        """From ∂L/∂y to ∂L/∂x, and write ∂L/∂parameters. Follows a forward of the same batch."""
