"""A table's schema, and training requests for it."""

from typing import Any

import pytest

from engine.data.table import ColumnSchema, TableSchema
from engine.errors import SpecError
from engine.resolution.resolve import Resolution, resolve
from engine.specs import TrainingSpec

TABLE = TableSchema(
    100,
    (
        ColumnSchema("size", "numeric", 0, 80),
        ColumnSchema("open", "boolean", 0, 2),
        ColumnSchema("color", "categorical", 5, 3),
        ColumnSchema("remark", "text", 0, None),
        ColumnSchema("stars", "numeric", 0, 5, integral=True),
        ColumnSchema("count", "numeric", 0, 60, integral=True, minimum=0),
        ColumnSchema("change", "numeric", 0, 60, minimum=-3),
        ColumnSchema("gaps", "numeric", 4, 60, minimum=0),
        ColumnSchema("flat", "numeric", 0, 1),
        ColumnSchema("only", "categorical", 0, 1),
        ColumnSchema("many", "categorical", 0, 2000),
        ColumnSchema("rare", "categorical", 98, 2),
        ColumnSchema("empty", "numeric", 100, 0),
        ColumnSchema("empty_text", "categorical", 100, 0),
    ),
)


DENSE: dict[str, Any] = {"type": "dense", "units": 3}
DROPOUT = {"type": "dropout"}
EMBEDDING = {"type": "embedding"}


def output(activation: str) -> dict[str, Any]:
    return {"output": {"activation": activation}}


def layers(*given: dict[str, Any]) -> dict[str, Any]:
    return {"network": {"layers": list(given)}}


Names = str | list[str] | None


def ask(target: Names = "size", *, table: TableSchema = TABLE, **options: Any) -> Resolution:
    options.setdefault("features", ["size" if target != "size" else "count"])
    return resolve(TrainingSpec.model_validate({"target": target, **options}), table)


def problems(
    target: Names = "size", *, table: TableSchema = TABLE, **options: Any
) -> set[tuple[str, str]]:
    with pytest.raises(SpecError) as raised:
        ask(target, table=table, **options)
    return {(problem.pointer, problem.code) for problem in raised.value.problems}


def codes(resolution: Resolution) -> set[tuple[str, str, str]]:
    return {(f.level, f.pointer, f.code) for f in resolution.findings}
