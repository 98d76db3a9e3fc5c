"""The cells that rows have, by column: sparse rows cost what they hold, not rows times columns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass
class PresentCells:
    """The cells of a column.

    Attributes:
        values: one per row that has the column.
        rows: index of the row of each value, ascending.
    """

    values: list[Any] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)


def collect_cells(rows: Iterable[Mapping[str, Any]]) -> dict[str, PresentCells]:
    """Return the cells of rows by column name."""
    found: dict[str, PresentCells] = {}
    for index, row in enumerate(rows):
        for name, value in row.items():
            cells = found.get(name)
            if cells is None:
                cells = found[name] = PresentCells()
            cells.values.append(value)
            cells.rows.append(index)
    return found


def fill_gaps(cells: pa.Array, rows: Sequence[int], count: int) -> pa.Array:
    """Return the cells of `count` rows, null but for `rows`, which have `cells`."""
    if len(cells) == count:
        return cells
    if pa.types.is_null(cells.type):
        return pa.nulls(count)
    indices = np.full(count, -1)
    indices[rows] = np.arange(len(cells))
    return cells.take(pa.array(indices, mask=indices < 0))


def has_values(cells: pa.Array) -> bool:
    """Whether an array holds a value that is not null."""
    return bool(cells.null_count < len(cells))
