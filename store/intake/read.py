"""Convert a whole source to a column file.

One pass if all rows fit the plan made from the first rows, otherwise at least three.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from store.datasets.column_file_writer import hash_file, write_column_file
from store.datasets.columns import ColumnRecord, Notice
from store.errors import IntakeError
from store.intake.batches.sample import take_sample
from store.intake.cells.arrow_types import check_row_count
from store.intake.cells.large_integers import FIRST_MERGED
from store.intake.convert.converter import Converter
from store.intake.convert.plan import Plan
from store.intake.convert.planner import Planner
from store.intake.options import Limits, ReadOptions
from store.intake.results import TableContents
from store.intake.source import Reading, TableSource, WrongReadingError
from store.intake.statistics.statistics import TableStatistics

# Limits of the sample from which the column kinds are inferred.
SAMPLE_ROWS = 5_000
SAMPLE_BYTES = 4 * 2**20
# Restarts with one more column read as text instead of as numbers; after these, all columns are
# read as text.
MAX_RESTARTS = 3


def read_source(
    source: TableSource, target: Path, options: ReadOptions, limits: Limits
) -> TableContents:
    """Write the column file of a source and return its contents. Raises IntakeError."""
    planner = Planner(source, options, limits)
    plan = _plan_by_first_rows(source, planner)
    try:
        statistics = _write(source, target, plan, limits)
    except WrongReadingError as wrong:
        plan = _plan_by_all_rows(source, planner, plan, wrong)
        statistics = _write(source, target, plan, limits)
    columns = statistics.finish()
    return TableContents(
        rows=statistics.rows,
        columns=columns,
        options=complete_options(source, options, plan),
        notices=(*plan.notices, *large_integer_notices(columns)),
        blob_sha256=hash_file(target),
    )


def _plan_by_first_rows(source: TableSource, planner: Planner) -> Plan:
    readings = planner.text_readings
    sample = take_sample(source, readings, SAMPLE_ROWS, SAMPLE_BYTES)
    if sample.batch is None:
        raise no_rows()
    return planner.plan([sample.batch], readings)


def _write(source: TableSource, target: Path, plan: Plan, limits: Limits) -> TableStatistics:
    """Write all rows in one pass.

    Raises WrongReadingError if a row does not fit the plan, IntakeLimitError.
    """
    converter, statistics = Converter(plan), TableStatistics(plan.columns)
    budget = limits.budget("the rows of the file, as they are stored, take")
    with write_column_file(target, converter.schema) as writer:
        for raw in source.batches(plan.readings):
            rows = converter.convert(raw)
            check_row_count(statistics.rows + raw.num_rows, len(plan.columns), limits)
            writer.write(rows.batch)
            budget.reach(writer.bytes)
            statistics.add(rows)
    return statistics


def _plan_by_all_rows(
    source: TableSource, planner: Planner, guess: Plan, wrong: WrongReadingError
) -> Plan:
    """Make a plan that fits every row: text columns are scanned to their end."""
    readings: list[Reading] = list(guess.readings)
    for _ in range(MAX_RESTARTS):
        readings[wrong.column] = planner.text_readings[wrong.column]
        try:
            return planner.plan(source.batches(readings), readings, guess)
        except WrongReadingError as another:
            wrong = another
    return planner.plan(source.batches(planner.text_readings), planner.text_readings, guess)


def no_rows() -> IntakeError:
    """Return the error for a file without rows."""
    return IntakeError("no_rows", "the file has no rows")


def complete_options(source: TableSource, options: ReadOptions, plan: Plan) -> ReadOptions:
    """Fill in the detected options that the client did not state."""
    detected: dict[str, Any] = {"compression": "none", **source.options}
    detected |= {"missing": plan.rules.missing}
    stated = {name: getattr(options, name) for name in detected}
    unstated = {name: value for name, value in detected.items() if stated[name] is None}
    return replace(options, **unstated)


def large_integer_notices(columns: Sequence[ColumnRecord]) -> list[Notice]:
    """Return a notice per numeric column with integers that float64 may have rounded."""
    detail = "some integers exceed 2^53: they are stored as the nearest 64-bit float"
    return [
        Notice("large_integers", detail, column.name)
        for column in columns
        if column.kind == "numeric" and column.integral and _is_large(column)
    ]


def _is_large(column: ColumnRecord) -> bool:
    extremes = (column.minimum or 0.0, column.maximum or 0.0)
    return max(map(abs, extremes)) >= FIRST_MERGED
