"""The weights that a training returns: the latest, or those of its best epoch."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from engine.arrays import Floats
from engine.network import Network
from engine.numerics.blocks import blocks


class KeptWeights:
    """Keeps the parameters of the best epoch, if asked to.

    Attributes:
        best: parameters of the best epoch, meaningless before one has ended; None if the latest
            ones are returned.

    Args:
        network: the network that is trained.
        keeps_best: whether the best epoch's parameters are returned.
    """

    def __init__(self, network: Network, *, keeps_best: bool) -> None:
        self._network = network
        self.best: Floats | None = np.zeros_like(network.parameters) if keeps_best else None

    def keep(self) -> None:
        """Keep the network's parameters: they are the best so far."""
        if self.best is not None:
            np.copyto(self.best, self._network.parameters)

    def copies(self, *, has_best: bool) -> dict[str, Floats]:
        """Return copies of the returned parameters by name; the latest before a best epoch."""
        vector = self.best if has_best and self.best is not None else self._network.parameters
        return {name: view.copy() for name, view in self._network.views(vector).items()}

    @contextmanager
    def in_network(self, *, has_best: bool) -> Iterator[None]:
        """Put the returned parameters into the network; the latest ones are back at exit."""
        best = self.best if has_best else None
        if best is None:
            yield
            return
        _exchange(self._network.parameters, best)
        try:
            yield
        finally:
            _exchange(self._network.parameters, best)


def _exchange(one: Floats, other: Floats) -> None:
    """Exchange the elements of two vectors, blockwise."""
    for one_part, other_part in blocks(one, other):
        kept = one_part.copy()
        np.copyto(one_part, other_part)
        np.copyto(other_part, kept)
