"""Context in which a layer is built."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.arrays import Shape


@dataclass(frozen=True)
class BuildContext:
    """Inputs to building a layer besides its spec.

    Attributes:
        name: name of the layer, such as `layers.0`.
        shape: shape of one row of the layer's input.
        dtype: dtype of all arrays.
        seed: seed of the dropout masks.
    """

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    seed: int

    def within(self, part: str, shape: Shape) -> "BuildContext":
        """Return the context of a nested layer."""
        return replace(self, name=f"{self.name}.{part}", shape=shape)
