"""Infer the kind of a text column: the kinds that all cells so far fit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.table import ColumnKind
from engine.data.words import POSSIBLE_MISSING, STATED_FALSE, STATED_TRUE
from store.intake.cells import text
from store.intake.cells.inference import EXPECTED, InferredKind, InvalidCell, Rules
from store.intake.cells.large_integers import has_fraction, has_inexact_text
from store.intake.cells.text import ConversionError, Parse
from store.intake.cells.times import find_time_formats, parse_times

MONTH_FIRST, DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"
# Leading zeros are searched for in this many values per batch.
LEADING_ZERO_VALUES = 1000
_LEADING_ZEROS = r"^[+-]?0\d"


@dataclass
class ColumnScan:
    """Scans the cells of a text column and infers their kind.

    Attributes:
        rules: rules of the file.
        stated: the kind stated by the client.
        invalid: the first cell that does not fit the stated kind.
    """

    rules: Rules
    stated: ColumnKind | None = None
    invalid: InvalidCell | None = None
    _cleaner: text.Cleaner = field(init=False)
    _markers: set[str] = field(default_factory=set)
    _numeric: bool = True
    _boolean: bool = True
    _formats: tuple[str, ...] | None = None
    _infinite: str | None = None
    _plain: bool = True
    _empty: bool = True
    _leading_zeros: bool = False
    _has_fraction: bool = False
    _has_inexact: bool = False

    def __post_init__(self) -> None:
        self._cleaner = text.Cleaner(self.rules.missing, self.rules.null_markers)
        self._numeric = self.stated == "numeric" or (self.stated is None and self.rules.numbers)
        self._boolean = self.stated in {None, "boolean"}
        if self.stated not in {None, "time"}:
            self._formats = ()

    def add(self, cells: pa.Array) -> None:
        """Scan the next cells."""
        if not (self._numeric or self._boolean or self._formats != () or self._empty):
            return
        if self._add_plain_numbers(cells):
            return
        cleaned = self._cleaner.clean(cells)
        # The source detects missing cells without trimming them.
        self._plain = self._plain and cleaned.null_count == cells.null_count
        values = cleaned.unique().drop_null()
        if len(values) and not self._add_numbers(values):
            self._add_other_values(self._without_markers(values))

    def _add_plain_numbers(self, cells: pa.Array) -> bool:
        """Scan cells that are all numbers as they are: the fast path of the usual column."""
        if not pa.types.is_string(cells.type) or self.rules.decimal != ".":
            return False
        return cells.null_count < len(cells) and self._add_numbers(cells)

    def _add_other_values(self, values: pa.Array) -> None:
        """Scan values that are not all numbers after removal of missing-value markers."""
        if len(values) == 0:
            return
        self._empty = False
        if self._numeric and not self._add_numbers(values):
            self._numeric = False
            parse = partial(text.parse_numbers, decimal=self.rules.decimal)
            self._record_invalid("numeric", values, parse)
        self._add_booleans(values)
        self._add_times(values)

    def _without_markers(self, values: pa.Array) -> pa.Array:
        if not self.rules.detects or self.stated in {"categorical", "text"}:
            return values
        possible = pc.is_in(values, value_set=pa.array(POSSIBLE_MISSING))
        if not pc.any(possible).as_py():
            return values
        self._markers.update(values.filter(possible).to_pylist())
        return values.filter(pc.invert(possible))

    def _add_numbers(self, values: pa.Array) -> bool:
        """Scan values if all are numbers; then the column is neither boolean nor time."""
        if not self._numeric:
            return False
        try:
            numbers = text.parse_numbers(values, self.rules.decimal)
        except ConversionError:
            return False
        if numbers.null_count == len(numbers):
            # All are NaN.
            return True
        self._empty = False
        self._boolean, self._formats = False, ()
        if not text.is_finite(numbers) and self._infinite is None:
            infinite = text.find_infinite(numbers)
            self._infinite = None if infinite is None else values[infinite].as_py()
        self._has_fraction = self._has_fraction or has_fraction(numbers)
        if not (self._has_fraction or self._has_inexact or self.stated):
            self._has_inexact = has_inexact_text(values, numbers)
        head = values.slice(0, LEADING_ZERO_VALUES)
        self._leading_zeros |= pc.any(pc.match_substring_regex(head, _LEADING_ZEROS)).as_py()
        return True

    def _add_booleans(self, values: pa.Array) -> None:
        if not self._boolean:
            return
        parse = boolean_parser(is_stated=self.stated == "boolean")
        if not text.fits(values, parse):
            self._boolean = False
            self._record_invalid("boolean", values, parse)

    def _add_times(self, values: pa.Array) -> None:
        if self._formats is None:
            self._formats = find_time_formats(values[0].as_py())
            if not self._formats and self.stated == "time":
                self.invalid = InvalidCell(values[0].as_py(), EXPECTED["time"])
        if not self._formats:
            return
        before = self._formats
        self._formats = tuple(f for f in before if text.fits(values, _time_parser(f)))
        if not self._formats:
            self._record_invalid("time", values, _time_parser(before[0]))

    def _record_invalid(self, kind: ColumnKind, values: pa.Array, parse: Parse) -> None:
        if self.stated == kind and self.invalid is None:
            self.invalid = InvalidCell(text.find_unparsable(values, parse), EXPECTED[kind])

    def markers(self) -> set[str]:
        """Return the missing-value markers found, if all other cells are numbers or times."""
        if self.stated in EXPECTED:
            return self._markers
        is_decisive = not self._empty and (self._numeric or self._formats)
        return self._markers if is_decisive else set()

    def finish(self, markers: set[str]) -> InferredKind:
        """Return the inferred kind; `markers` are the missing-value markers of the whole file."""
        if self._infinite is not None and self._numeric and self.invalid is None:
            self.invalid = InvalidCell(self._infinite, "a finite number", "infinite_number")
        if self._empty:
            # Markers that no other column confirms are text here.
            kind = self.stated or "categorical"
            return InferredKind(kind, is_empty=self._markers <= markers)
        if self._numeric and self._has_inexact and not self._has_fraction:
            return InferredKind("categorical", has_large_integers=True)
        if self._numeric:
            plain = self._plain and not self._markers
            return InferredKind("numeric", None, plain, has_leading_zeros=self._leading_zeros)
        if self._boolean and self._markers <= markers:
            return InferredKind("boolean")
        if self._formats:
            chosen = self._choose_format(self._formats)
            return InferredKind("time", chosen, is_ambiguous=len(self._formats) > 1)
        return InferredKind(self.stated or "categorical")

    def _choose_format(self, formats: Sequence[str]) -> str:
        if len(formats) == 1:
            return formats[0]
        # In locales with decimal commas the day precedes the month.
        first = DAY_FIRST if self.rules.decimal == "," else MONTH_FIRST
        return next(f for f in formats if f.startswith(first))


def boolean_parser(*, is_stated: bool) -> Parse:
    """Return a parser of booleans; it accepts more texts if the client stated the kind."""
    if not is_stated:
        return text.parse_booleans
    return partial(text.parse_booleans, true=STATED_TRUE, false=STATED_FALSE)


def _time_parser(time_format: str) -> Parse:
    return partial(parse_times, time_format=time_format)
