"""What can be said of a column of text cells, gathered a batch at a time."""

import math
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from engine.tables import ColumnKind
from store.datasets import ColumnRecord
from store.errors import IntakeError
from store.tensors import finite_or_none

# More distinct texts than this are free text rather than categories.
MAX_CATEGORIES = 1000
MAX_CATEGORY_LENGTH = 256
MAX_DISTINCT_NUMBERS = 10_000
TOP_VALUES = 10


def parse_numbers(array: pa.Array) -> pa.Array:
    """Text cells as float64; blank is null. Raises pyarrow.ArrowInvalid."""
    trimmed = pc.utf8_trim_whitespace(array)
    blank = pc.equal(trimmed, "")
    return pc.cast(pc.if_else(blank, None, trimmed), pa.float64())


def parse_booleans(array: pa.Array) -> pa.Array:
    """The cells `true` and `false` in any case as booleans; other cells are null."""
    lower = pc.utf8_lower(pc.utf8_trim_whitespace(array))
    known = pc.is_in(lower, value_set=pa.array(["true", "false"]))
    return pc.if_else(known, pc.equal(lower, "true"), None)


class ColumnStatistics:
    """Kind, extremes, moments and most frequent values of one column.

    Mean and variance are merged batch by batch (Chan, Golub and LeVeque 1979), which stays exact
    where a sum of squares would cancel.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.rows = 0
        self.missing = 0
        self._numeric = True
        self._boolean = True
        self._blanks = 0  # cells of spaces: missing in a column of numbers, a text elsewhere
        self._values: Counter[str] | None = Counter()
        self._numbers: set[float] | None = set()
        self._count = 0
        self._mean = 0.0
        self._squares = 0.0
        self._minimum = math.inf
        self._maximum = -math.inf
        self._integral = True

    def add(self, array: pa.Array) -> None:
        """Take in the next cells. Raises IntakeError for numbers that are infinite."""
        self.rows += len(array)
        self.missing += array.null_count
        present = array.drop_null()
        if len(present) == 0:
            return
        self._count_values(present)
        if self._numeric:
            self._add_numbers(present)

    def _count_values(self, present: pa.Array) -> None:
        if self._boolean:
            self._boolean = parse_booleans(present).null_count == 0
        if self._values is None:
            return
        for pair in present.value_counts().to_pylist():
            self._values[pair["values"]] += pair["counts"]
        if len(self._values) > MAX_CATEGORIES:
            self._values = None

    def _add_numbers(self, present: pa.Array) -> None:
        try:
            numbers = parse_numbers(present)
        except pa.ArrowInvalid:
            self._numeric = False
            return
        self._blanks += numbers.null_count
        numbers = numbers.drop_null()
        if len(numbers) == 0:
            return
        if not pc.all(pc.is_finite(numbers)).as_py():
            bad = present.filter(pc.invert(pc.is_finite(parse_numbers(present))))[0].as_py()
            detail = f"column {self.name!r} holds {bad[:40]!r}: only finite numbers are accepted"
            raise IntakeError("infinite_number", detail)
        self._merge_moments(numbers)
        if self._numbers is not None:
            self._numbers.update(numbers.unique().to_pylist())
            if len(self._numbers) > MAX_DISTINCT_NUMBERS:
                self._numbers = None

    def _merge_moments(self, numbers: pa.Array) -> None:
        extremes = pc.min_max(numbers).as_py()
        self._minimum = min(self._minimum, extremes["min"])
        self._maximum = max(self._maximum, extremes["max"])
        if self._integral:
            self._integral = pc.all(pc.equal(pc.floor(numbers), numbers)).as_py()
        count, mean = len(numbers), pc.mean(numbers).as_py()
        squares = pc.variance(numbers, ddof=0).as_py() * count
        total = self._count + count
        distance = mean - self._mean
        self._squares += squares + distance * distance * self._count * count / total
        self._mean += distance * count / total
        self._count = total

    def finish(self) -> ColumnRecord:
        """What has been found."""
        if self._numeric and self._count:
            return self._finish_numeric()
        boolean = self._boolean and self.rows > self.missing
        top = () if self._values is None else tuple(self._values.most_common(TOP_VALUES))
        return ColumnRecord(
            name=self.name,
            kind="boolean" if boolean else self._text_kind(),
            missing=self.missing,
            distinct=self._count_distinct(boolean=boolean),
            integral=False,
            minimum=None,
            maximum=None,
            mean=None,
            std=None,
            top_values=tuple((text[:MAX_CATEGORY_LENGTH], count) for text, count in top),
        )

    def _text_kind(self) -> ColumnKind:
        if self._values is None or any(len(text) > MAX_CATEGORY_LENGTH for text in self._values):
            return "text"
        return "categorical"

    def _count_distinct(self, *, boolean: bool) -> int | None:
        if self._values is None:
            return None
        return len({text.strip().lower() for text in self._values} if boolean else self._values)

    def _finish_numeric(self) -> ColumnRecord:
        top = () if self._values is None else tuple(self._values.most_common(TOP_VALUES))
        return ColumnRecord(
            name=self.name,
            kind="numeric",
            missing=self.missing + self._blanks,
            distinct=None if self._numbers is None else len(self._numbers),
            integral=self._integral,
            minimum=self._minimum,
            maximum=self._maximum,
            mean=finite_or_none(self._mean),
            std=finite_or_none(math.sqrt(self._squares / self._count)),
            top_values=top,
        )
