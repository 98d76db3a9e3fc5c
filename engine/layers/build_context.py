"""Where a layer goes, while layers are built."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.arrays import Shape


@dataclass(frozen=True)
class BuildContext:
    """What a layer is built for, beside its spec.

    Attributes:
        name: of the layer, such as `layers.0`.
        shape: of the rows it is given.
        dtype: of all arrays.
        seed: of what dropout draws.
    """

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    seed: int

    def within(self, part: str, shape: Shape) -> "BuildContext":
        """A place in this one."""
        return replace(self, name=f"{self.name}.{part}", shape=shape)
