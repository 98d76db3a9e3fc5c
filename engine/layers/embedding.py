"""Embedding: learned vectors for category codes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from engine.arrays import Buffer, Floats, Indices, Shape
from engine.initializers import initialization_bytes, initialize
from engine.layers.base import Layer
from engine.specs import EmbeddingTable, InitializerSpec


class Embedding(Layer):
    """y = (numbers, table₁[code₁], table₂[code₂], …), from x `(batch, in_features)`.

    The inputs at the tables' positions are codes; the other inputs are numbers and keep their
    order. Backward: ∂table sums ∂y over the rows with each code. ∂x is undefined: codes are
    discrete.
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
        self.numbers = [index for index in range(in_features) if index not in codes]
        self.tables = [
            _Table(f"{name}.weight_{table.position}", table, dimension) for table in tables
        ]
        start = len(self.numbers)
        for table in self.tables:
            table.columns = slice(start, start + table.dimension)
            start += table.dimension
        super().__init__(name, (in_features,), (start,))
        self._initializer = initializer
        self._y = Buffer(self.out_shape, dtype)

    def parameter_shapes(self) -> dict[str, Shape]:
        """Return `(codes, dimension)` of each table; `weight_3` is for the input at position 3."""
        return {table.name: table.shape for table in self.tables}

    def penalized(self) -> tuple[str, ...]:
        """Return the names of all tables."""
        return tuple(table.name for table in self.tables)

    def bind(self, parameters: Mapping[str, Floats], gradients: Mapping[str, Floats]) -> None:
        """Bind the views of the tables and of their gradients."""
        for table in self.tables:
            table.weight = parameters[table.name]
            if not self.is_frozen:
                table.gradient = gradients[table.name]

    def initialize(self, random: np.random.Generator) -> None:
        """Initialize the tables; code 0 (unknown) is drawn like any other."""
        for table in self.tables:
            fans = table.shape[0], table.shape[1]
            initialize(self._initializer, table.weight, *fans, random)

    def initialization_bytes(self) -> int:
        """Return the memory of the largest table's initializer."""
        found = (initialization_bytes(self._initializer, table.shape) for table in self.tables)
        return max(found, default=0)

    def workspace(self, rows: int) -> int:
        """Return the size of y, the tables' codes and the widest table's scatter indices."""
        widest = max((table.dimension for table in self.tables), default=0)
        # A 64-bit index takes the space of two float32 numbers.
        return rows * (self._y.row_size + 2 * len(self.tables) + 3 * widest)

    def resize(self, rows: int) -> None:
        """Allocate y for `rows` rows."""
        self.y = self._y.rows(rows)

    def forward(self, x: Floats) -> Floats:
        """Return y; keep the codes for backward.

        Raises:
            IndexError: a code is out of range for its table.
        """
        self.y[:, : len(self.numbers)] = x[:, self.numbers]
        for table in self.tables:
            table.read(x)
            self.y[:, table.columns] = table.weight[table.codes]
        return self.y

    def backward(self, dy: Floats) -> Floats:
        """Write ∂table; return dy, since no layer before this one could use ∂x."""
        if not self.is_frozen:
            for table in self.tables:
                table.write_gradient(dy[:, table.columns])
        return dy


class _Table:
    """One embedding table: its weights, and the codes of the batch."""

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
        """Read the codes of the batch. Raises IndexError if one is out of range."""
        self.codes = x[:, self.position].astype(np.intp)
        if self.codes.min(initial=0) < 0 or self.codes.max(initial=0) >= self.shape[0]:
            message = f"a code is out of range: {self.name} has {self.shape[0]} rows"
            raise IndexError(message)

    def write_gradient(self, dy: Floats) -> None:
        """Sum dy `(batch, dimension)` over the rows with the same code."""
        self.gradient.fill(0)
        # np.add.at is several times as fast on a flat array as on rows.
        indices = self.codes[:, np.newaxis] * self.dimension + np.arange(self.dimension)
        np.add.at(self.gradient.reshape(-1), indices.reshape(-1), dy.reshape(-1))
