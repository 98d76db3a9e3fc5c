"""Preview of a source: read options, columns and first rows, without writing a column file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from store.datasets.time_text import format_time
from store.intake.batches.sample import take_sample
from store.intake.convert.converter import Converter, Rows
from store.intake.convert.plan import ColumnPlan, Plan
from store.intake.convert.planner import Planner
from store.intake.options import Limits, ReadOptions
from store.intake.read import SAMPLE_BYTES, complete_options, large_integer_notices, no_rows
from store.intake.results import Preview
from store.intake.source import TableSource
from store.intake.statistics.statistics import TableStatistics

MAX_ROWS = 10_000
SHOWN_ROWS = 20
# A preview reads only the beginning of a file, which may be truncated anywhere.
HEAD_BYTES = 8 * 2**20


def preview_source(source: TableSource, options: ReadOptions, limits: Limits) -> Preview:
    """Preview a source by its first rows. Raises IntakeError."""
    planner = Planner(source, options, limits)
    readings = planner.text_readings
    sample = take_sample(source, readings, MAX_ROWS, SAMPLE_BYTES)
    if sample.batch is None:
        raise no_rows()
    plan = planner.plan([sample.batch], readings)
    rows = _convert(sample.batch, plan)
    statistics = TableStatistics(plan.columns)
    statistics.add(rows)
    columns = statistics.finish()
    return Preview(
        options=complete_options(source, options, plan),
        columns=columns,
        sample=tuple(_first_rows(rows.batch, plan.columns)),
        notices=(*plan.notices, *large_integer_notices(columns)),
        rows_read=statistics.rows,
        is_complete=sample.is_complete,
    )


def _convert(batch: pa.RecordBatch, plan: Plan) -> Rows:
    """Convert the sample as it would be written; columns of numbers were read as text too."""
    columns = tuple(
        replace(
            column,
            reading="text" if column.reading == "number" else column.reading,
            # There are no further rows that could change the plan.
            is_scanned=True,
        )
        for column in plan.columns
    )
    return Converter(replace(plan, columns=columns)).convert(batch)


def _first_rows(batch: pa.RecordBatch, columns: Sequence[ColumnPlan]) -> Iterator[dict[str, Any]]:
    head = batch.slice(0, SHOWN_ROWS)
    values = [
        [_json_value(value, column) for value in head.column(index).to_pylist()]
        for index, column in enumerate(columns)
    ]
    for row in range(head.num_rows):
        yield {c.name: values[index][row] for index, c in enumerate(columns)}


def _json_value(value: Any, column: ColumnPlan) -> Any:  # noqa: ANN401
    if value is not None and column.kind == "time":
        return format_time(value)
    return value


def drop_last_line(source: Path, target: Path) -> bool:
    """Copy a text file up to its last line end; return False if there is nothing to drop."""
    with source.open("rb") as file:
        head = file.read(HEAD_BYTES)
    # A line end is two bytes wide in UTF-16.
    wide = head[:2] == b"\xff\xfe" or head[1:2] == b"\0"
    end = head.rfind(b"\n\0" if wide else b"\n")
    kept = end + (2 if wide else 1)
    if end < 0 or kept == len(head):
        return False
    target.write_bytes(head[:kept])
    return True
