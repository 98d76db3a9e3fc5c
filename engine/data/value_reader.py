"""Reading of single values in the notation of a file: numbers, booleans and categories.

Predictions, class weights and validation values share it, so that a word has one meaning.
"""

import math
import re
from collections.abc import Collection

from engine.data.table import FileConventions, Level, level_text
from engine.data.words import POSSIBLE_MISSING, STATED_FALSE, STATED_TRUE, USUAL_MISSING
from engine.specs import MAX_EXACT_INTEGER

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_TRUTH = dict.fromkeys(STATED_TRUE, 1) | dict.fromkeys(STATED_FALSE, 0)
# None of them is a number, a boolean or a time, whichever markers the file has.
_MISSING_WORDS = frozenset((*USUAL_MISSING, *POSSIBLE_MISSING))


class WrongValueError(Exception):
    """A value that cannot be read as one of its column."""


class ValueReader:
    """Reads values in the notation of a table's file.

    Attributes:
        missing_numbers: markers of a missing value that are numbers, such as −999.

    Args:
        conventions: missing-value markers and decimal separator of that file.
    """

    def __init__(self, conventions: FileConventions) -> None:
        self._missing = frozenset(conventions.missing)
        self._decimal = conventions.decimal
        self.missing_numbers = frozenset(self._numbers_among(conventions.missing))

    def number(self, value: object) -> float:
        """Return a number, NaN if missing. Raises WrongValueError."""
        # The most frequent cases first.
        if type(value) is float and math.isfinite(value) and value not in self.missing_numbers:
            return value
        if type(value) is float or type(value) is int:
            return math.nan if value in self.missing_numbers else _to_float(value)
        match value:
            case None:
                return math.nan
            case str():
                text = self.clean(value)
                number = math.nan if text is None else self._parse_number(text)
                return math.nan if number in self.missing_numbers else number
            case _:
                raise WrongValueError("a number is expected")

    def boolean(self, value: object) -> int:
        """Return 0 or 1, −1 if missing. Raises WrongValueError."""
        text = self._as_text(value)
        if text is None:
            return -1
        found = _TRUTH.get(text.lower())
        if found is None and text in _MISSING_WORDS:
            return -1
        if found is None:
            raise WrongValueError("true or false is expected")
        return found

    def category(self, value: object, levels: Collection[Level] = ()) -> str | None:
        """Return a category or a text, None if missing.

        Args:
            value: a text, or a number in place of its digits, or a boolean in place of its word.
            levels: categories of the column, among which a boolean's word is looked up.

        Raises:
            WrongValueError: none or several of the levels are the boolean's word.
        """
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, bool):
            return _find_word(value, levels)
        text = self._as_text(value)
        # Numbers are written with the file's decimal separator.
        return None if text is None else text.replace(".", self._decimal)

    def clean(self, text: str) -> str | None:
        """Return the text without surrounding whitespace; None if it denotes a missing value."""
        text = text.strip()
        return None if not text or text in self._missing else text

    def _as_text(self, value: object) -> str | None:
        """Return the text of a value, None if it is missing. Raises WrongValueError."""
        match value:
            case None:
                return None
            case str():
                return self.clean(value)
            case bool():
                return level_text(value)
            case int() | float():
                return None if value in self.missing_numbers else _write(value)
            case _:
                raise WrongValueError("a text is expected")

    def _parse_number(self, text: str) -> float:
        plain = text
        if self._decimal != ".":
            # With a decimal comma a point is ambiguous: it may separate thousands.
            plain = text.replace(".", " ").replace(self._decimal, ".")
        if _NUMBER.fullmatch(plain):
            return _to_float(plain)
        if text in _MISSING_WORDS or text.lower() == "nan":
            return math.nan
        example = f"1{self._decimal}5"
        raise WrongValueError(f"a number is expected, such as {example}, not {text[:40]!r}")

    def _numbers_among(self, texts: Collection[str]) -> list[float]:
        """Return the texts that are numbers."""
        found = []
        for text in texts:
            try:
                found.append(self._parse_number(text.strip()))
            except WrongValueError:
                continue
        return [number for number in found if not math.isnan(number)]


def is_missing_word(text: str) -> bool:
    """Return whether a text stands for a missing value among numbers or times."""
    return text in _MISSING_WORDS


def _find_word(value: bool, levels: Collection[Level]) -> str:  # noqa: FBT001 - a JSON value
    """Return the level that is the boolean's word: in its case, or the only one in another."""
    word = level_text(value)
    found = [level for level in levels if isinstance(level, str) and level.lower() == word]
    if word in found:
        return word
    if len(found) != 1:
        raise WrongValueError("a text is expected")
    return found[0]


def _to_float(value: float | str) -> float:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise WrongValueError("the number is too large")
    return number


def _write(number: float) -> str:
    """Return the shortest text of a number: 7 for 7.0. Raises WrongValueError."""
    if isinstance(number, float) and not math.isfinite(number):
        raise WrongValueError("the number is too large")
    if isinstance(number, float) and number.is_integer() and abs(number) < MAX_EXACT_INTEGER:
        number = int(number)
    try:
        return str(number)
    except ValueError as error:
        # Python does not format integers of thousands of digits.
        raise WrongValueError("the number is too large") from error
