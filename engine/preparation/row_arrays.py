"""The arrays of a training's rows: which there are, and their targets and weights."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Shape
from engine.data.rows import Allocate, Rows
from engine.metrics.build import needs_values
from engine.preparation.sample_weights import SampleWeights
from engine.preparation.subsets import Subset
from engine.preprocessing.labels import NoLabels, NumberLabels
from engine.preprocessing.targets import TargetEncoding
from engine.specs import ResolvedSpec


class RowArrays:
    """Allocates the arrays of a subset, and writes its targets and weights.

    Args:
        spec: the training's spec.
        width: number of inputs.
        encoding: encoding of the targets; None if the inputs are the target.
        weights: weights of the rows; None if all are equal.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        width: int,
        encoding: TargetEncoding | None,
        weights: SampleWeights | None,
    ) -> None:
        self._encoding, self._weights = encoding, weights
        self._has_values = encoding is not None and needs_values(spec.metrics)
        self._arrays = self._list_arrays(width, np.dtype(spec.dtype))

    def _list_arrays(self, width: int, dtype: np.dtype[Any]) -> dict[str, tuple[Shape, Any]]:
        """Return shape of a row and dtype of each array by name."""
        arrays: dict[str, tuple[Shape, Any]] = {"x": ((width,), dtype)}
        if self._encoding is not None:
            arrays["y"] = (self._encoding.row_shape, self._encoding.dtype)
            if self._has_values:
                arrays["values"] = (self._encoding.row_shape, np.dtype(np.float64))
        if self._weights is not None:
            arrays |= dict.fromkeys(self._weights.names, ((), dtype))
        return arrays

    @property
    def row_bytes(self) -> int:
        """Size of one row of all arrays."""
        return sum(math.prod(shape) * dtype.itemsize for shape, dtype in self._arrays.values())

    def allocate(self, subset: Subset, allocate: Allocate) -> dict[str, Rows]:
        """Allocate the arrays of a subset; return them by name."""
        return {
            f"{name}{subset.suffix}": allocate(
                f"{name}{subset.suffix}", (len(subset.rows), *shape), dtype
            )
            for name, (shape, dtype) in self._arrays.items()
        }

    def write(self, subset: Subset, arrays: Mapping[str, Rows]) -> None:
        """Write targets and weights of a subset into its arrays. Raises DataError."""
        labels, rows = subset.source.labels, subset.rows
        if self._encoding is not None and not isinstance(labels, NoLabels):
            self._encoding.write(labels, rows, arrays[f"y{subset.suffix}"])
        per_row: dict[str, NDArray[Any]] = {}
        if self._weights is not None:
            per_row |= self._weights.weights_of(subset.source.columns, labels, rows, subset.name)
        if self._has_values and isinstance(labels, NumberLabels):
            per_row["values"] = labels.values[rows]
        for name, values in per_row.items():
            arrays[f"{name}{subset.suffix}"][0 : len(rows)] = values
