"""The forward pass of the compared services: a dense network in NumPy, without the engine.

Imports only NumPy, because MLServer loads this module in an environment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PIXELS = 784
CLASSES = 10
WIDTHS = (PIXELS, 128, 64, CLASSES)


@dataclass(frozen=True)
class Network:
    """Dense layers with relu, and softmax outputs; float32.

    Attributes:
        layers: weight `(in_features, units)` and bias `(units,)` of each layer.
    """

    layers: tuple[tuple[NDArray[np.float32], NDArray[np.float32]], ...]

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, `(rows, classes)`."""
        for weight, bias in self.layers[:-1]:
            x = np.maximum(x @ weight + bias, 0)
        weight, bias = self.layers[-1]
        scores = x @ weight + bias
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        return scores

    def named_weights(self) -> dict[str, NDArray[Any]]:
        """Return the weights under the names that the service gives them."""
        names = [*(f"layers.{index}" for index in range(len(self.layers) - 1)), "output"]
        return {
            f"{name}.{part}": array
            for name, layer in zip(names, self.layers, strict=True)
            for part, array in zip(("weight", "bias"), layer, strict=True)
        }

    def save(self, path: Path) -> None:
        """Write the weights to an npz file."""
        arrays = {f"a{index}": array for index, array in enumerate(sum(self.layers, ()))}
        np.savez(path, allow_pickle=False, **arrays)


def load_network(path: Path) -> Network:
    """Read a network that `Network.save` wrote."""
    with np.load(path) as found:
        arrays = [found[f"a{index}"] for index in range(len(found.files))]
    return Network(tuple(zip(arrays[::2], arrays[1::2], strict=True)))


def make_network(widths: tuple[int, ...] = WIDTHS) -> Network:
    """Return a network with random weights."""
    random = np.random.default_rng(0)
    return Network(
        tuple(
            (
                random.normal(0, (2 / wide) ** 0.5, (wide, units)).astype(np.float32),
                random.normal(0, 0.1, units).astype(np.float32),
            )
            for wide, units in pairwise(widths)
        )
    )
