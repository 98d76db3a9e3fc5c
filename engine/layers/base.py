"""What every layer does."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats, Shape


@dataclass(frozen=True)
class Penalty:
    """What keeps a layer's weights small: l1 · Σ |w| + l2 · Σ w², and a bound on their length."""

    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None

    def __bool__(self) -> bool:
        return bool(self.l1 or self.l2 or self.max_norm is not None)


class Layer(ABC):
    """A differentiable step of the network.

    Its parameters and gradients are views into the network's flat vectors. Nothing is allocated
    before `resize`: a layer that was only made tells shapes and sizes.

    Arrays it returns are valid until its next call. Its dx whoever receives it may overwrite; its y
    or x only who says so by `overwrites_x`, and only if nobody `keeps_y`: where both meet,
    `engine.layers.copy` puts a copy between them.

    Attributes:
        name: prefix of its parameters' names, such as `layers.0`.
        in_shape: of the values of a row that it takes, such as `(features,)`.
        out_shape: of those it gives.
        is_frozen: its parameters stay as they are; `backward` need not write their gradient.
        needs_dx: whether anybody before it is trained; if not, `backward` may return anything, and
            nobody before it is asked.
        penalty: on the parameters named by `penalized`.
        overwrites_x: whether `forward` or `predict` writes into x.
        keeps_y: whether `backward` reads the y that `forward` returned.
        is_view: its y is its x, seen in another shape.
    """

    is_frozen = False
    needs_dx = True
    penalty = Penalty()
    overwrites_x = False
    keeps_y = False
    is_view = False

    def __init__(self, name: str, in_shape: Shape, out_shape: Shape) -> None:
        self.name = name
        self.in_shape = in_shape
        self.out_shape = out_shape

    def parameter_shapes(self) -> dict[str, Shape]:
        """Shape of each trained parameter by its full name, such as `layers.0.weight`."""
        return {}

    def state_shapes(self) -> dict[str, Shape]:
        """Shape of each array that belongs to the weights but has no gradient: running means."""
        return {}

    def penalized(self) -> tuple[str, ...]:
        """Full names of the parameters that `penalty` is on: the weights, never the biases."""
        return tuple(name for name in self.parameter_shapes() if name.endswith(".weight"))

    def bind(  # noqa: B027 - nothing to do for a layer without parameters
        self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]
    ) -> None:
        """Take the views, by full name, that it reads and writes from now on.

        There is no gradient for its states, nor for anything if it is frozen.
        """

    def initialize(self, random: np.random.Generator) -> None:  # noqa: B027 - as above
        """Draw first values into the bound parameters and states, which are zero."""

    def workspace(self, rows: int) -> int:  # noqa: ARG002 - in place, unless it says otherwise
        """How many numbers its arrays hold for a batch of that many rows, for training."""
        return 0

    def resize(self, rows: int) -> None:  # noqa: B027 - nothing to do for a layer that works in place
        """Make the workspace ready for batches of that many rows."""

    def begin_step(self, step: int) -> None:  # noqa: B027 - only for layers that draw numbers
        """A training step begins, counted from 0 over the whole training."""

    def children(self) -> Iterator["Layer"]:
        """Layers within this one."""
        return iter(())

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """While training: from x, `(batch, *in_shape)`, to y, `(batch, *out_shape)`."""

    def predict(self, x: Floats) -> Floats:
        """As `forward`, when nothing is trained: without chance, and on what was learned."""
        return self.forward(x)

    @abstractmethod
    def backward(self, dy: Floats) -> Floats:
        """From ∂L/∂y to ∂L/∂x, and write ∂L/∂parameters. Follows a forward of the same batch."""


def walk(layers: Iterator[Layer]) -> Iterator[Layer]:
    """All layers, those within others after the one that holds them."""
    for layer in layers:
        yield layer
        yield from walk(layer.children())
