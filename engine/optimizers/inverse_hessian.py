"""Limited-memory approximation of the inverse Hessian."""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine.arrays import Floats
from engine.numerics.norms import euclidean_norm
from engine.optimizers.base import BLOCK

# Least cosine of the angle between s and y: a pair with less has negligible or negative curvature.
# A cosine, unlike s·y itself, is the same for any scale of the loss and of the parameters.
_LEAST_COSINE = 1e-10


class _Pair(NamedTuple):
    """A pair with ρ = 1 / s·y and γ = s·y / y·y."""

    s: Floats
    y: Floats
    rho: float
    gamma: float


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
        self._proposed: _Pair | None = None

    @property
    def is_identity(self) -> bool:
        """Whether H is the identity: there are no pairs."""
        return not self._count[0] and self._proposed is None

    def reset(self) -> None:
        """Reset H to the identity."""
        self._count[0], self._gamma[0] = 0, 1
        self._proposed = None

    def propose_pair(self, s: Floats, y: Floats) -> None:
        """Use a pair instead of the oldest one; skip it if its curvature is not positive.

        The state stays as it is until `keep_pair`; until then s and y must not change.
        """
        self._proposed = None
        curvature, square = float(np.dot(s, y)), float(np.dot(y, y))
        least = _LEAST_COSINE * euclidean_norm(s) * math.sqrt(square)
        if not least < curvature < math.inf or not 0 < square < math.inf:
            return
        self._proposed = _Pair(s, y, 1 / curvature, curvature / square)

    def drop_pair(self) -> None:
        """Use the proposed pair no more."""
        self._proposed = None

    def keep_pair(self) -> None:
        """Copy the proposed pair, if there is one, over the oldest one."""
        pair, self._proposed = self._proposed, None
        if pair is None:
            return
        row = int(self._count[0]) % len(self._rho)
        np.copyto(self._s[row], pair.s)
        np.copyto(self._y[row], pair.y)
        self._rho[row], self._gamma[0] = pair.rho, pair.gamma
        self._count[0] += 1

    def multiply(self, vector: Floats) -> None:
        """Overwrite the vector with H · vector by two-loop recursion (algorithm 7.4)."""
        pairs = list(self._pairs_from_latest())
        gamma = pairs[0].gamma if pairs else 1.0
        for index, pair in enumerate(pairs):
            alpha = pair.rho * float(np.dot(pair.s, vector))
            self._alpha[index] = alpha
            self._add(vector, -alpha, pair.y)
        np.multiply(vector, gamma, out=vector)
        for index, pair in reversed(list(enumerate(pairs))):
            beta = pair.rho * float(np.dot(pair.y, vector))
            self._add(vector, self._alpha[index] - beta, pair.s)

    def _pairs_from_latest(self) -> Iterator["_Pair"]:
        history, count = len(self._rho), int(self._count[0])
        kept = history
        if self._proposed is not None:
            yield self._proposed
            kept -= 1
        for pair in range(count - 1, max(count - kept, 0) - 1, -1):
            row = pair % history
            # γ is that of the latest pair; those of the others are not used.
            yield _Pair(self._s[row], self._y[row], float(self._rho[row]), float(self._gamma[0]))

    def _add(self, vector: Floats, factor: float, row: Floats) -> None:
        """Add factor · row to the vector, blockwise through the scratch buffer."""
        for start in range(0, len(vector), BLOCK):
            piece = vector[start : start + BLOCK]
            scratch = self._scratch[: len(piece)]
            np.multiply(row[start : start + BLOCK], float(factor), out=scratch)
            np.add(piece, scratch, out=piece)
