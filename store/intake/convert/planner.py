"""Make a plan of how each column is read and converted from a source's rows."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.table import ISO
from engine.data.words import USUAL_MISSING
from store.datasets.columns import Notice
from store.errors import FileLocation, IntakeError
from store.intake.cells import text
from store.intake.cells.column_names import clean_names
from store.intake.cells.infer_kind import ColumnScan
from store.intake.cells.inference import InferredKind, InvalidCell, Rules
from store.intake.cells.large_integers import FIRST_MERGED, are_exact
from store.intake.cells.text import ConversionError
from store.intake.cells.typed import drop_marked, find_invalid_cell, is_text, typed_kind
from store.intake.convert.plan import ColumnPlan, Plan
from store.intake.options import Limits, ReadOptions
from store.intake.source import Reading, TableSource, WrongReadingError

SHOWN_TEXT = 80
SHOWN_NAMES = 5


class Planner:
    """Makes plans for one source. Raises IntakeError for invalid names and stated kinds."""

    def __init__(self, source: TableSource, options: ReadOptions, limits: Limits) -> None:
        self._source = source
        raw = [column.name for column in source.columns]
        self._names, self._notices = clean_names(raw, limits.max_columns)
        self._kinds = options.kinds
        self.rules = _make_rules(source, options)
        names = set(self._names)
        for name in options.kinds:
            if name not in names:
                shown = name[:SHOWN_TEXT]
                detail = f"kind is stated for the column {shown!r}, which the file does not have"
                raise IntakeError("unknown_column", detail, FileLocation(column=shown))

    @property
    def text_readings(self) -> list[Reading]:
        """Readings of every column without conversion: as text or in its own type."""
        return ["text" if is_text(c.type) else "typed" for c in self._source.columns]

    def plan(
        self,
        batches: Iterable[pa.RecordBatch],
        readings: Sequence[Reading],
        base: Plan | None = None,
    ) -> Plan:
        """Make a plan that fits these batches; columns read as numbers keep their plan in `base`.

        Args:
            batches: the first rows, or all rows if there is a `base`.
            readings: how each column of the batches was read.
            base: the plan made from the first rows.

        Raises:
            IntakeError: a cell is not of the stated kind.
            WrongReadingError: a column read as numbers has other cells.
        """
        kinds = [self._kinds.get(name) for name in self._names]
        missing_numbers = self.rules.missing_numbers
        scans = {
            index: ColumnScan(self.rules, kinds[index])
            for index, reading in enumerate(readings)
            if reading == "text"
        }
        inexact: set[int] = set()
        for batch in batches:
            for index, cells in enumerate(batch.columns):
                match readings[index]:
                    case "text":
                        scans[index].add(cells)
                        invalid = scans[index].invalid
                    case "typed":
                        known = drop_marked(cells, missing_numbers)
                        invalid = find_invalid_cell(known, kinds[index] or typed_kind(cells.type))
                        if kinds[index] is None and not are_exact(known):
                            inexact.add(index)
                    case "number":
                        invalid = None
                        _check_numbers(index, cells)
                if invalid is not None:
                    raise self._explain(index, invalid)
        return self._decide(scans, inexact, base)

    def _decide(
        self, scans: Mapping[int, ColumnScan], inexact: Collection[int], base: Plan | None
    ) -> Plan:
        found = {index: scan.markers() for index, scan in scans.items()}
        markers = sorted(set[str]().union(*found.values()))
        base_columns = base.columns if base is not None else ()
        columns: list[ColumnPlan] = []
        for index, raw in enumerate(self._source.columns):
            if index in scans:
                inferred = self._finish(index, scans[index], set(markers))
                plan = self._text_plan(self._names[index], inferred)
                columns.append(replace(plan, is_scanned=base is not None))
            elif raw.type is not None and not is_text(raw.type):
                plan = self._typed_plan(self._names[index], raw.type, is_exact=index not in inexact)
                columns.append(replace(plan, is_scanned=base is not None))
            else:
                columns.append(base_columns[index])
        notices = [*self._source.notices, *self._notices]
        notices += [notice for column in columns for notice in column.notices]
        for marker in markers:
            names = [self._names[index] for index in found if marker in found[index]]
            notices.append(_marker_notice(marker, names))
        rules = replace(self.rules, missing=(*self.rules.missing, *markers))
        return Plan(tuple(columns), rules, tuple(notices))

    def _finish(self, index: int, scan: ColumnScan, markers: set[str]) -> InferredKind:
        inferred = scan.finish(markers)
        if scan.invalid is not None:
            raise self._explain(index, scan.invalid)
        return inferred

    def _text_plan(self, name: str, inferred: InferredKind) -> ColumnPlan:
        return ColumnPlan(
            name=name,
            reading="number" if inferred.is_plain else "text",
            kind=inferred.kind,
            stated=self._kinds.get(name),
            time_format=inferred.time_format,
            is_empty=inferred.is_empty,
            notices=tuple(_kind_notices(name, inferred, is_stated=name in self._kinds)),
        )

    def _typed_plan(self, name: str, data_type: pa.DataType, *, is_exact: bool) -> ColumnPlan:
        stated = self._kinds.get(name)
        if not is_exact:
            notice = _large_integers_notice(name)
            return ColumnPlan(name, "typed", "categorical", notices=(notice,))
        kind = stated or typed_kind(data_type)
        return ColumnPlan(name, "typed", kind, stated, ISO if kind == "time" else None)

    def _explain(self, column: int, invalid: InvalidCell) -> IntakeError:
        found = self._source.explain(column, invalid.text, invalid.expected)
        line = found.place.line if isinstance(found, IntakeError) and found.place else None
        name, text = self._names[column][:SHOWN_TEXT], invalid.text[:SHOWN_TEXT]
        where = "" if line is None else f"line {line}: "
        detail = f"{where}column {name!r} holds {text!r} where {invalid.expected} is expected"
        return IntakeError(invalid.code, detail, FileLocation(line, name, text, invalid.expected))


def _make_rules(source: TableSource, options: ReadOptions) -> Rules:
    is_csv = source.options.get("format", "csv") == "csv"
    decimal = options.decimal or source.options.get("decimal") or "."
    stated = options.missing if options.missing is not None else source.options.get("missing")
    # Other formats have their own null, and their texts of digits are text.
    usual = USUAL_MISSING if is_csv else ()
    missing = usual if stated is None else tuple(stated)
    return Rules(
        missing=missing,
        detects=is_csv and stated is None,
        decimal=decimal,
        numbers=is_csv,
        null_markers=("", *missing) if is_csv else (),
    )


def _check_numbers(index: int, cells: pa.Array) -> None:
    try:
        text.check_finite(cells)
    except ConversionError as error:
        raise WrongReadingError(index) from error
    ends = pc.min_max(cells).as_py()
    if max(abs(ends["min"] or 0.0), abs(ends["max"] or 0.0)) >= FIRST_MERGED:
        raise WrongReadingError(index)


def _large_integers_notice(name: str) -> Notice:
    detail = (
        "whole numbers beyond 2^53, some of which a 64-bit float would change or merge, are read "
        f"as texts; state kind={name[:SHOWN_TEXT]}:numeric to round them to the nearest float"
    )
    return Notice("large_integers", detail, name)


def _kind_notices(name: str, inferred: InferredKind, *, is_stated: bool) -> Iterator[Notice]:
    if inferred.is_ambiguous:
        detail = f"the order of day and month is ambiguous: read as {inferred.time_format}"
        yield Notice("ambiguous_dates", detail, name)
    if inferred.has_leading_zeros and not is_stated:
        detail = (
            "numbers with leading zeros may be codes: state kind categorical to keep them as text"
        )
        yield Notice("leading_zeros", detail, name)
    if inferred.has_large_integers:
        yield _large_integers_notice(name)


def _marker_notice(marker: str, names: Sequence[str]) -> Notice:
    shown = ", ".join(repr(name[:SHOWN_TEXT]) for name in names[:SHOWN_NAMES])
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    detail = f"{marker!r} is read as a missing value in every column: it occurs in {shown}{more}"
    return Notice("missing_marker", detail, names[0] if len(names) == 1 else None)
