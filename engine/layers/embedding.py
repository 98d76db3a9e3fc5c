"""Learned vectors in place of category codes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Indices, Shape
from engine.initializers import initialize
from engine.layers.base import Layer
from engine.specs import EmbeddingTable, InitializerSpec


class Embedding(Layer):
    """y = (numbers, table₁[code₁], table₂[code₂], …), from x `(batch, in_features)`.

    The inputs at the tables' positions are codes, the others numbers, which keep their order.
    Backward: ∂table adds up ∂y of all rows with a code. There is no ∂x: codes do not move a little.
    """

    def __init__(
        self,
        name: str,
        in_features: int,
        tables: Sequence[EmbeddingTable],
        dimension: int | None,
        dtype: np.dtype[Any],
        *,
        initializer: InitializerSpec,
    ) -> None:
        codes = {table.position for table in tables}
        self._numbers = [index for index in range(in_features) if index not in codes]
        self._tables = [
            _Table(f"{name}.weight_{table.position}", table, dimension) for table in tables
        ]
        start = len(self._numbers)
        for table in self._tables:
            table.columns = slice(start, start + table.dimension)
            start += table.dimension
        super().__init__(name, (in_features,), (start,))
        self._initializer = initializer
        self._y = Buffer(self.out_shape, dtype)

    def parameter_shapes(self) -> dict[str, Shape]:
        """Shape `(codes, dimension)` of each table: `weight_3` is for the input at position 3."""
        return {table.name: table.shape for table in self._tables}

    def penalized(self) -> tuple[str, ...]:
        """All tables."""
        return tuple(table.name for table in self._tables)

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Take the views of the tables and of their gradients."""
        for table in self._tables:
            table.weight = parameters[table.name]
            if not self.is_frozen:
                table.gradient = gradients[table.name]

    def initialize(self, random: np.random.Generator) -> None:
        """Draw the tables, that of code 0 as any other."""
        for table in self._tables:
            fans = table.shape[0], table.shape[1]
            table.weight[...] = initialize(self._initializer, table.shape, *fans, random)

    def workspace(self, rows: int) -> int:
        """Y, each table's codes and, one table after the other, where its gradients go."""
        widest = max((table.dimension for table in self._tables), default=0)
        # Indices have 64 bits, numbers may have 32.
        return rows * (self._y.row_size + 2 * len(self._tables) + 3 * widest)

    def resize(self, rows: int) -> None:
        """Make y that many rows long."""
        self.y = self._y.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y; the codes are kept for backward.

        Raises:
            IndexError: a code is beyond its table.
        """
        self.y[:, : len(self._numbers)] = x[:, self._numbers]
        for table in self._tables:
            table.read(x)
            self.y[:, table.columns] = table.weight[table.codes]
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Write ∂table; return dy, as there is nothing before that could use ∂x."""
        if not self.is_frozen:
            for table in self._tables:
                table.write_gradient(dy[:, table.columns])
        return dy


class _Table:
    """One table: its weights, and the codes of the batch."""

    weight: Floats
    gradient: Floats
    codes: Indices
    columns: slice

    def __init__(self, name: str, spec: EmbeddingTable, dimension: int | None) -> None:
        self.name = name
        self.position = spec.position
        self.dimension = dimension or max(min(50, spec.codes // 2), 1)
        self.shape = (spec.codes, self.dimension)

    def read(self, x: Floats) -> None:
        """Take the codes of the batch."""
        self.codes = x[:, self.position].astype(np.intp)
        if self.codes.min(initial=0) < 0 or self.codes.max(initial=0) >= self.shape[0]:
            message = f"{self.name} has {self.shape[0]} rows: a code is beyond them"
            raise IndexError(message)

    def write_gradient(self, dy: Floats) -> None:
        """Add up dy, `(batch, dimension)`, of the rows with the same code."""
        self.gradient.fill(0)
        # On one axis NumPy adds several times as fast as on rows.
        places = self.codes[:, np.newaxis] * self.dimension + np.arange(self.dimension)
        np.add.at(self.gradient.reshape(-1), places.reshape(-1), dy.reshape(-1))
