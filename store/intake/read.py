"""Reads a whole source into a column file: in one pass if its first rows tell how, else three."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from store.datasets.column_file_writer import hash_file, write_column_file
from store.datasets.datasets import ColumnRecord, Notice
from store.errors import IntakeError
from store.intake.batches.sample import take_sample
from store.intake.convert.converter import Converter
from store.intake.convert.plan import Plan
from store.intake.convert.planner import Planner
from store.intake.options import Limits, ReadOptions
from store.intake.results import TableContents
from store.intake.source import Reading, TableSource, WrongReadingError
from store.intake.statistics.statistics import TableStatistics

# What a file's columns are is guessed from so many rows, or so many bytes of them.
SAMPLE_ROWS = 5_000
SAMPLE_BYTES = 4 * 2**20
# How often columns that cannot be read as numbers are read otherwise, one after the other,
# before all are read as texts.
MAX_RESTARTS = 3
# From here on whole numbers are no longer all different as float64.
LARGEST_EXACT = 2.0**53


def read_source(
    source: TableSource, target: Path, options: ReadOptions, limits: Limits
) -> TableContents:
    """Write the column file of a source. Raises IntakeError."""
    planner = Planner(source, options, limits)
    plan = _plan_by_first_rows(source, planner)
    try:
        statistics = _write(source, target, plan)
    except WrongReadingError as wrong:
        plan = _plan_by_all_rows(source, planner, plan, wrong)
        statistics = _write(source, target, plan)
    columns = statistics.finish()
    return TableContents(
        rows=statistics.rows,
        columns=columns,
        options=answer_options(source, options, plan),
        notices=(*plan.notices, *tell_large_numbers(columns)),
        blob_sha256=hash_file(target),
    )


def _plan_by_first_rows(source: TableSource, planner: Planner) -> Plan:
    readings = planner.text_readings
    sample = take_sample(source, readings, SAMPLE_ROWS, SAMPLE_BYTES)
    if sample.batch is None:
        raise no_rows()
    return planner.plan([sample.batch], readings)


def _write(source: TableSource, target: Path, plan: Plan) -> TableStatistics:
    """One pass over all rows. Raises WrongReadingError where the plan does not fit them."""
    converter, statistics = Converter(plan), TableStatistics(plan.columns)
    with write_column_file(target, converter.schema) as writer:
        for raw in source.batches(plan.readings):
            rows = converter.convert(raw)
            writer.write(rows.batch)
            statistics.add(rows)
    return statistics


def _plan_by_all_rows(
    source: TableSource, planner: Planner, guess: Plan, wrong: WrongReadingError
) -> Plan:
    """A plan that no row contradicts: every column of texts is looked at to its end."""
    readings: list[Reading] = list(guess.readings)
    for _ in range(MAX_RESTARTS):
        readings[wrong.column] = planner.text_readings[wrong.column]
        try:
            return planner.plan(source.batches(readings), readings, guess)
        except WrongReadingError as another:
            wrong = another
    return planner.plan(source.batches(planner.text_readings), planner.text_readings, guess)


def no_rows() -> IntakeError:
    """A file that is no table yet."""
    return IntakeError("no_rows", "the file has no rows")


def answer_options(source: TableSource, options: ReadOptions, plan: Plan) -> ReadOptions:
    """The options with nothing left to detect."""
    detected: dict[str, Any] = {"compression": "none", **source.options}
    detected |= {"missing": plan.rules.missing}
    stated = {name: getattr(options, name) for name in detected}
    unstated = {name: value for name, value in detected.items() if stated[name] is None}
    return replace(options, **unstated)


def tell_large_numbers(columns: Sequence[ColumnRecord]) -> list[Notice]:
    """Notices for whole numbers that float64 does not tell apart."""
    detail = "some whole numbers are beyond 2^53: they are kept as the nearest 64-bit float"
    return [
        Notice("large_integers", detail, column.name)
        for column in columns
        if column.kind == "numeric" and column.integral and _is_large(column)
    ]


def _is_large(column: ColumnRecord) -> bool:
    extremes = (column.minimum or 0.0, column.maximum or 0.0)
    return max(map(abs, extremes)) > LARGEST_EXACT
