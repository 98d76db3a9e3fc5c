"""A table with every kind of column, for trainings whose bits are recorded."""

from dataclasses import replace
from typing import Any

import numpy as np

from engine.data.table import (
    CategoricalColumn,
    Column,
    ColumnKind,
    MemoryTable,
    NumericColumn,
    TableSchema,
)
from tests.engine.examples import describe

ROWS = 120
SIDE = 6
PIXELS = [f"p{n:02}" for n in range(SIDE * SIDE)]
_KINDS: dict[str, ColumnKind] = {"note": "text", "when": "time"}
_WORDS = ["red", "green", "late", "early", "big", "small", "north", "south", "new", "old"]
_COLOURS = ["red", "green", "blue", "grey", "pink"]


def make_table() -> MemoryTable:
    """Return the table; chunks are shorter than it, so that reading in chunks is covered."""
    return MemoryTable(_columns(), chunk_rows=50)


def make_schema(table: MemoryTable) -> TableSchema:
    """Return the schema that the store would record for the table."""
    schema = describe(dict(table.columns))
    columns = tuple(
        replace(column, kind=_KINDS.get(column.name, column.kind)) for column in schema.columns
    )
    return replace(schema, columns=columns)


def _columns() -> dict[str, Column]:
    random = np.random.default_rng(28)
    a, b, noise = random.standard_normal((3, ROWS))
    c = np.exp(random.standard_normal(ROWS))
    hidden = np.sin(2 * a) + 0.5 * b * a + 0.1 * noise
    images = random.standard_normal((ROWS, SIDE * SIDE)) + hidden[:, np.newaxis] * np.linspace(
        -1, 1, SIDE * SIDE
    )
    notes = random.integers(0, len(_WORDS), (ROWS, 3))
    texts = [" ".join(_WORDS[word] for word in note) for note in notes]
    return {
        "a": NumericColumn(a),
        "b": NumericColumn(_with_gaps(b, 11)),
        "c": NumericColumn(_with_gaps(c, 7)),
        "count": NumericColumn(random.poisson(3.0, ROWS).astype(np.float64)),
        "when": NumericColumn(_with_gaps(1.7e9 + 7e6 * random.random(ROWS).cumsum(), 17)),
        "flag": CategoricalColumn(random.integers(-1, 2, ROWS).astype(np.int32), (False, True)),
        "colour": _categories(random.integers(-1, 5, ROWS), _COLOURS),
        "size": _categories(random.integers(0, 3, ROWS), ["small", "medium", "large"]),
        "note": _categories(np.unique(texts, return_inverse=True)[1], sorted(set(texts))),
        "weight": NumericColumn(0.5 + random.random(ROWS)),
        "part": CategoricalColumn((np.arange(ROWS) % 4 == 0).astype(np.int32), (False, True)),
        **{name: NumericColumn(values) for name, values in zip(PIXELS, images.T, strict=True)},
        "kind": _categories(np.digitize(hidden, [-0.5, 0.5]), ["low", "middle", "high"]),
        "side": _categories(hidden > 0, ["left", "right"]),
        "y": NumericColumn(10 + 4 * hidden),
    }


def _with_gaps(values: np.ndarray[Any, np.dtype[np.float64]], every: int) -> Any:
    return np.where(np.arange(ROWS) % every == every - 1, np.nan, values)


def _categories(codes: Any, levels: list[str]) -> CategoricalColumn:
    return CategoricalColumn(codes.astype(np.int32), tuple(levels))
