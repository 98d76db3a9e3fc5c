"""What kind a column of texts is of: every kind that its cells have fitted so far."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from engine.data.table import ColumnKind
from store.intake.cells import text
from store.intake.cells.inference import EXPECTED, InferredKind, InvalidCell, Rules
from store.intake.cells.text import ConversionError, Parse
from store.intake.cells.times import find_time_formats, parse_times
from store.intake.options import STATED_FALSE, STATED_TRUE

MONTH_FIRST, DAY_FIRST = "%m/%d/%Y", "%d/%m/%Y"
# Of numbers with leading zeros the first ones tell.
LOOKED_AT = 1000
_LEADING_ZEROS = r"^[+-]?0\d"


@dataclass
class ColumnScan:
    """Takes in the cells of a column of texts, and answers what kind they are of."""

    rules: Rules
    stated: ColumnKind | None = None
    misfit: InvalidCell | None = None
    _cleaner: text.Cleaner = field(init=False)
    _markers: set[str] = field(default_factory=set)
    _numeric: bool = True
    _boolean: bool = True
    _formats: tuple[str, ...] | None = None
    _infinite: str | None = None
    _plain: bool = True
    _empty: bool = True
    _leading_zeros: bool = False

    def __post_init__(self) -> None:
        self._cleaner = text.Cleaner(self.rules.missing, self.rules.known)
        self._numeric = self.stated == "numeric" or (self.stated is None and self.rules.numbers)
        self._boolean = self.stated in {None, "boolean"}
        if self.stated not in {None, "time"}:
            self._formats = ()

    def add(self, cells: pa.Array) -> None:
        """Take in the next cells."""
        if not (self._numeric or self._boolean or self._formats != () or self._empty):
            return
        if self._add_plain_numbers(cells):
            return
        cleaned = self._cleaner.clean(cells)
        # The source finds cells missing as they stand in the file, without trimming them before.
        self._plain = self._plain and cleaned.null_count == cells.null_count
        values = cleaned.unique().drop_null()
        if len(values) and not self._add_numbers(values):
            self._add_others(self._without_markers(values))

    def _add_plain_numbers(self, cells: pa.Array) -> bool:
        """The usual column of numbers, at little cost."""
        if not pa.types.is_string(cells.type) or self.rules.decimal != ".":
            return False
        return cells.null_count < len(cells) and self._add_numbers(cells)

    def _add_others(self, values: pa.Array) -> None:
        """Take in values that are not all numbers, but for markers of missing ones."""
        if len(values) == 0:
            return
        self._empty = False
        if self._numeric and not self._add_numbers(values):
            self._numeric = False
            parse = partial(text.parse_numbers, decimal=self.rules.decimal)
            self._note_misfit("numeric", values, parse)
        self._add_booleans(values)
        self._add_times(values)

    def _without_markers(self, values: pa.Array) -> pa.Array:
        if not self.rules.detects or self.stated in {"categorical", "text"}:
            return values
        possible = pc.is_in(values, value_set=pa.array(text.POSSIBLE_MISSING))
        if not pc.any(possible).as_py():
            return values
        self._markers.update(values.filter(possible).to_pylist())
        return values.filter(pc.invert(possible))

    def _add_numbers(self, values: pa.Array) -> bool:
        """Take in values if all are numbers, which then are neither truth values nor times."""
        if not self._numeric:
            return False
        try:
            numbers = text.parse_numbers(values, self.rules.decimal)
        except ConversionError:
            return False
        if numbers.null_count == len(numbers):
            # They all say NaN.
            return True
        self._empty = False
        self._boolean, self._formats = False, ()
        if not text.is_finite(numbers) and self._infinite is None:
            infinite = text.find_infinite(numbers)
            self._infinite = None if infinite is None else values[infinite].as_py()
        head = values.slice(0, LOOKED_AT)
        self._leading_zeros |= pc.any(pc.match_substring_regex(head, _LEADING_ZEROS)).as_py()
        return True

    def _add_booleans(self, values: pa.Array) -> None:
        if not self._boolean:
            return
        parse = boolean_parser(is_stated=self.stated == "boolean")
        if not text.fits(values, parse):
            self._boolean = False
            self._note_misfit("boolean", values, parse)

    def _add_times(self, values: pa.Array) -> None:
        if self._formats is None:
            self._formats = find_time_formats(values[0].as_py())
            if not self._formats and self.stated == "time":
                self.misfit = InvalidCell(values[0].as_py(), EXPECTED["time"])
        if not self._formats:
            return
        before = self._formats
        self._formats = tuple(f for f in before if text.fits(values, _time_parser(f)))
        if not self._formats:
            self._note_misfit("time", values, _time_parser(before[0]))

    def _note_misfit(self, kind: ColumnKind, values: pa.Array, parse: Parse) -> None:
        if self.stated == kind and self.misfit is None:
            self.misfit = InvalidCell(text.find_misfit(values, parse), EXPECTED[kind])

    def markers(self) -> set[str]:
        """What stands for a missing value here, where all else is numbers or times."""
        if self.stated in EXPECTED:
            return self._markers
        is_witness = not self._empty and (self._numeric or self._formats)
        return self._markers if is_witness else set()

    def finish(self, markers: set[str]) -> InferredKind:
        """What the column is, given the markers of the whole file."""
        if self._infinite is not None and self._numeric and self.misfit is None:
            self.misfit = InvalidCell(self._infinite, "a finite number", "infinite_number")
        if self._empty:
            # Markers of no other column are texts here.
            kind = self.stated or "categorical"
            return InferredKind(kind, is_empty=self._markers <= markers)
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
        # Where numbers have decimal commas, days come before months.
        first = DAY_FIRST if self.rules.decimal == "," else MONTH_FIRST
        return next(f for f in formats if f.startswith(first))


def boolean_parser(*, is_stated: bool) -> Parse:
    """What takes texts for booleans; more of them if the client says that they are."""
    if not is_stated:
        return text.parse_booleans
    return partial(text.parse_booleans, true=STATED_TRUE, false=STATED_FALSE)


def _time_parser(time_format: str) -> Parse:
    return partial(parse_times, time_format=time_format)
