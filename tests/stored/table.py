"""The table of the kept rows. Changing it changes their widths: add columns only."""

from typing import Any

import numpy as np

from engine.data.table import (
    CategoricalColumn,
    Column,
    ColumnKind,
    ColumnSchema,
    FileConventions,
    MemoryTable,
    NumericColumn,
    TableSchema,
)

ROWS = 48
CONVENTIONS = FileConventions(("n/a",), ",", {"built": "%d.%m.%Y"})


def _numbers(*values: float | None) -> NumericColumn:
    return NumericColumn(np.array([np.nan if value is None else value for value in values], float))


def _levels(*values: str | None) -> CategoricalColumn:
    levels = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = [-1 if value is None else levels.index(value) for value in values]
    return CategoricalColumn(np.array(codes, np.int32), levels)


_N = range(ROWS)
COLUMNS: dict[str, tuple[ColumnKind, Column]] = {
    "size": ("numeric", _numbers(*(None if n % 13 == 5 else 40 + n * 37 % 50 for n in _N))),
    "garden": (
        "boolean",
        CategoricalColumn(np.array([n % 3 % 2 for n in _N], np.int32), (False, True)),
    ),
    "colour": (
        "categorical",
        _levels(*(None if n % 11 == 3 else ["red", "green", "blue"][n * 5 % 3] for n in _N)),
    ),
    "built": ("time", _numbers(*(1e9 + n * 3.1e6 for n in _N))),
    "note": ("text", _levels(*(f"near the {['park', 'lake'][n % 2]} {n}" for n in _N))),
    "part": ("categorical", _levels(*("test" if n % 4 == 0 else "train" for n in _N))),
    "weight": ("numeric", _numbers(*(1 + n % 3 for n in _N))),
    **{f"p{i}": ("numeric", _numbers(*((n + i) % 5 / 4 for n in _N))) for i in range(4)},
    "kind": ("categorical", _levels(*("abcdef"[(n * 37 % 50) // 9] for n in _N))),
    "sold": ("boolean", CategoricalColumn(np.array([n % 2 for n in _N], np.int32), (False, True))),
    "price": ("numeric", _numbers(*((40 + n * 37 % 50) * 9 + n % 7 for n in _N))),
    "visits": ("numeric", _numbers(*(n * 7 % 5 for n in _N))),
}
TABLE = MemoryTable({name: column for name, (_, column) in COLUMNS.items()}, CONVENTIONS)


def _schema(name: str, kind: ColumnKind, column: Column) -> ColumnSchema:
    if isinstance(column, NumericColumn):
        known = column.values[~np.isnan(column.values)]
        whole = kind == "numeric" and bool((known == known.round()).all())
        return ColumnSchema(name, kind, ROWS - len(known), None, whole, float(known.min()))
    distinct = None if kind == "text" else len(column.levels)
    return ColumnSchema(name, kind, int((column.codes < 0).sum()), distinct)


SCHEMA = TableSchema(
    ROWS, tuple(_schema(name, kind, column) for name, (kind, column) in COLUMNS.items())
)

# One column of a dataset per kind, as stored.
STATISTICS: list[dict[str, Any]] = [
    {
        "name": "size",
        "kind": "numeric",
        "missing": 4,
        "distinct": 44,
        "integral": True,
        "minimum": 40.0,
        "maximum": 89.0,
        "mean": 64.25,
        "std": 14.5,
        "top_values": [],
        "time_format": None,
        "all_different": True,
        "levels": [str(value) for value in range(40, 84)],
    },
    {
        "name": "built",
        "kind": "time",
        "missing": 0,
        "distinct": None,
        "integral": False,
        "minimum": 1e9,
        "maximum": 1.1457e9,
        "mean": 1.07285e9,
        "std": 4.2946e7,
        "top_values": [],
        "time_format": "%d.%m.%Y",
        "all_different": None,
        "levels": None,
    },
    {
        "name": "garden",
        "kind": "boolean",
        "missing": 0,
        "distinct": 2,
        "integral": False,
        "minimum": None,
        "maximum": None,
        "mean": None,
        "std": None,
        "top_values": [["false", 32], ["true", 16]],
        "time_format": None,
        "all_different": False,
        "levels": None,
    },
    {
        "name": "colour",
        "kind": "categorical",
        "missing": 5,
        "distinct": 3,
        "integral": False,
        "minimum": None,
        "maximum": None,
        "mean": None,
        "std": None,
        "top_values": [["red", 15], ["blue", 14], ["green", 14]],
        "time_format": None,
        "all_different": False,
        "levels": None,
    },
    {
        "name": "note",
        "kind": "text",
        "missing": 0,
        "distinct": 48,
        "integral": False,
        "minimum": None,
        "maximum": None,
        "mean": None,
        "std": None,
        "top_values": [["near the park 0", 1]],
        "time_format": None,
        "all_different": True,
        "levels": None,
    },
]
