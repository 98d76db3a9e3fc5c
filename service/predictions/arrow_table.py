"""Predictions as an Arrow table."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq

from service.predictions.answer_columns import FLAGS, CellType, list_columns
from service.predictions.answers import Answers, describe

ARROW_TYPES: dict[CellType, pa.DataType] = {
    "number": pa.float64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "text": pa.string(),
}
FLAG = pa.struct([("column", pa.string()), ("flag", pa.string())])


def make_table(answers: Answers) -> pa.Table:
    """Return the predictions as a table, whose metadata has what JSON has besides the rows.

    Raises InvalidQueryError: too many columns.
    """
    columns = list_columns(answers)
    arrays = [
        pa.array(column.cells, ARROW_TYPES[column.type], from_pandas=True) for column in columns
    ]
    names = [column.name for column in columns]
    if answers.counts is None:
        arrays.append(_make_flags(answers))
        names.append(FLAGS)
    metadata = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in describe(answers).items()
    }
    return pa.table(arrays, names=names, metadata=metadata)


def _make_flags(answers: Answers) -> pa.Array:
    rows: list[list[dict[str, str]]] = [[] for _ in range(answers.rows)]
    for flagged in answers.flags:
        rows[flagged.row].append({"column": flagged.column, "flag": flagged.flag})
    return pa.array(rows, pa.list_(FLAG))


def to_stream(table: pa.Table) -> bytes:
    """Return the table as an Arrow IPC stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def to_parquet(table: pa.Table) -> bytes:
    """Return the table as a Parquet file."""
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()
