"""Limited-memory approximation of the inverse Hessian."""

import math
from collections.abc import Iterator

import numpy as np

from engine.arrays import Floats
from engine.numerics.norms import euclidean_norm
from engine.optimizers.base import BLOCK

# Least cosine of the angle between s and y: a pair with less has negligible or negative curvature.
# A cosine, unlike s·y itself, is the same for any scale of the loss and of the parameters.
_LEAST_COSINE = 1e-10


class InverseHessian:
    """Positive definite H from the latest pairs (Nocedal and Wright 2006, section 7.2).

    A pair is s, the change of the parameters in a step, and y, the change of the gradients. H is
    γ I with γ = s·y / y·y of the latest pair, updated by each pair from the oldest to the latest:
    H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ with ρ = 1 / s·y.

    Attributes:
        arrays: the complete state: `s` and `y`, shape `(history, size)`, pair k in row
            k mod history; `rho`, shape `(history,)`; `gamma` and `count`, the number of all pairs
            so far, shape `(1,)`.
    """

    def __init__(self, history: int, parameters: Floats) -> None:
        shape, dtype = (history, len(parameters)), parameters.dtype
        self._s, self._y = np.zeros(shape, dtype), np.zeros(shape, dtype)
        self._rho, self._alpha = np.zeros(history), np.zeros(history)
        self._gamma, self._count = np.ones(1), np.zeros(1)
        self.arrays: dict[str, Floats] = {
            "s": self._s,
            "y": self._y,
            "rho": self._rho,
            "gamma": self._gamma,
            "count": self._count,
        }
        self._scratch = np.empty(min(len(parameters), BLOCK), dtype)

    @property
    def is_identity(self) -> bool:
        """Whether H is the identity: no pairs are stored."""
        return not self._count[0]

    def reset(self) -> None:
        """Reset H to the identity."""
        self._count[0], self._gamma[0] = 0, 1

    def add_pair(self, s: Floats, y: Floats) -> None:
        """Copy a pair over the oldest one; skip it if its curvature is not positive."""
        curvature, square = float(np.dot(s, y)), float(np.dot(y, y))
        least = _LEAST_COSINE * euclidean_norm(s) * math.sqrt(square)
        if not least < curvature < math.inf or not 0 < square < math.inf:
            return
        row = int(self._count[0]) % len(self._rho)
        np.copyto(self._s[row], s)
        np.copyto(self._y[row], y)
        self._rho[row] = 1 / curvature
        self._gamma[0] = curvature / square
        self._count[0] += 1

    def multiply(self, vector: Floats) -> None:
        """Overwrite the vector with H · vector by two-loop recursion (algorithm 7.4)."""
        for row in self._rows_from_latest():
            alpha = self._rho[row] * float(np.dot(self._s[row], vector))
            self._alpha[row] = alpha
            self._add(vector, -alpha, self._y[row])
        np.multiply(vector, float(self._gamma[0]), out=vector)
        for row in reversed(list(self._rows_from_latest())):
            beta = self._rho[row] * float(np.dot(self._y[row], vector))
            self._add(vector, self._alpha[row] - beta, self._s[row])

    def _rows_from_latest(self) -> Iterator[int]:
        history, count = len(self._rho), int(self._count[0])
        for pair in range(count - 1, max(count - history, 0) - 1, -1):
            yield pair % history

    def _add(self, vector: Floats, factor: float, row: Floats) -> None:
        """Add factor · row to the vector, blockwise through the scratch buffer."""
        for start in range(0, len(vector), BLOCK):
            piece = vector[start : start + BLOCK]
            scratch = self._scratch[: len(piece)]
            np.multiply(row[start : start + BLOCK], float(factor), out=scratch)
            np.add(piece, scratch, out=piece)
