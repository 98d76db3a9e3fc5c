"""Layer interface."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats, Pieces, Shape

# Takes a layer's name and its output, which is valid until the next layer's call.
Observe = Callable[[str, Floats], None]


@dataclass(frozen=True)
class Penalty:
    """Weight regularization: l1 · Σ |w| + l2 · Σ w², and a max-norm constraint."""

    l1: float = 0.0
    l2: float = 0.0
    max_norm: float | None = None

    def __bool__(self) -> bool:
        return bool(self.l1 or self.l2 or self.max_norm is not None)


class Layer(ABC):
    """A differentiable step of the network.

    Parameters and gradients are views into the network's flat vectors. Nothing is allocated before
    `resize`: a new layer only knows its shapes and sizes.

    Returned arrays are valid until the layer's next call. The caller may overwrite the returned dx.
    A layer may overwrite its input x only if it sets `overwrites_x` and the previous layer does not
    set `keeps_y`; where both are set, `engine.layers.copy` inserts a copy between the layers.

    Attributes:
        name: prefix of the layer's parameter names, such as `layers.0`.
        in_shape: shape of one row of the input, such as `(features,)`.
        out_shape: shape of one row of the output.
        is_frozen: whether the parameters are fixed; `backward` need not write their gradient.
        needs_dx: whether an earlier layer is trained. If not, `backward` may return anything, and
            backpropagation stops here.
        penalty: regularization of the parameters that `penalized` lists.
        overwrites_x: whether `forward` or `predict` writes into x.
        keeps_y: whether `backward` reads the y that `forward` returned.
        is_view: whether y is x itself in another shape.
        needs_whole_batch: whether y of a row depends on the other rows of its batch.
    """

    is_frozen = False
    needs_dx = True
    penalty = Penalty()
    overwrites_x = False
    keeps_y = False
    is_view = False
    needs_whole_batch = False

    def __init__(self, name: str, in_shape: Shape, out_shape: Shape) -> None:
        self.name = name
        self.in_shape = in_shape
        self.out_shape = out_shape

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return the shape of each parameter by full name, such as `layers.0.weight`."""
        return {}

    def state_shapes(self) -> dict[str, Shape]:
        """Return the shape of each non-trained array of the weights, such as running means."""
        return {}

    def penalized(self) -> tuple[str, ...]:
        """Return the full names of the regularized parameters: the weights, never the biases."""
        return tuple(name for name in self.parameter_shapes() if name.endswith(".weight"))

    def bind(  # noqa: B027 - nothing to bind without parameters
        self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]
    ) -> None:
        """Bind the layer to its views of parameters and gradients, by full name.

        States have no gradient; a frozen layer has none at all.
        """

    def initialize(self, random: np.random.Generator) -> None:  # noqa: B027 - nothing to draw without parameters
        """Initialize the bound parameters and states, which are zero."""

    def initialization_bytes(self) -> int:
        """Return the memory of `initialize` beside the parameters, in bytes."""
        return 0

    def workspace(self, rows: int) -> int:  # noqa: ARG002 - in-place layers need none
        """Return the number of elements that training with batches of `rows` rows allocates."""
        return 0

    def multiplications(self) -> int:
        """Return the multiplications per row in the matrix products of `forward`."""
        return 0

    def resize(self, rows: int) -> None:  # noqa: B027 - in-place layers need no workspace
        """Allocate the workspace for batches of `rows` rows."""

    def begin_step(self, step: int, chunk: int = 0) -> None:  # noqa: B027 - only for random layers
        """Start a chunk of training step `step`, counted from 0 over the whole training."""

    def children(self) -> Iterator["Layer"]:
        """Return the layers nested in this one."""
        return iter(())

    @abstractmethod
    def forward(self, x: Floats) -> Floats:
        """Map x `(batch, *in_shape)` to y `(batch, *out_shape)` in training mode."""

    def predict(self, x: Floats) -> Floats:
        """Map x to y in inference mode: no dropout, running statistics."""
        return self.forward(x)

    def predict_observed(self, x: Floats, observe: Observe) -> Floats:
        """Return `predict(x)`; pass it to `observe`, after the outputs of the nested layers."""
        y = self.predict(x)
        observe(self.name, y)
        return y

    def pieces(self) -> Pieces | None:
        """Return which pieces of a piecewise function the latest `forward` was on, if it is one.

        The derivatives jump from piece to piece. To be called before `backward`.
        """
        return None

    @abstractmethod
    def backward(self, dy: Floats) -> Floats:
        """Return ∂L/∂x from ∂L/∂y; write ∂L/∂parameters. Call after `forward` of the same batch."""


def walk(layers: Iterator[Layer]) -> Iterator[Layer]:
    """Iterate over all layers depth-first, each parent before its children."""
    for layer in layers:
        yield layer
        yield from walk(layer.children())
