"""Numbers as text: significant digits, powers of ten, minus signs."""

import math
from dataclasses import dataclass

# Whole numbers below it are written as they are; larger ones with an exponent.
_LARGEST = 1e6
# The precision of tables, in which numbers down to 0.0001 are written without an exponent.
_TABLE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as text: ±digits · 10^exponent.

    Attributes:
        is_negative: whether a minus sign precedes.
        digits: the digits without sign, with a decimal point and thousands separators.
        exponent: the power of ten; None if there is none.
    """

    is_negative: bool
    digits: str
    exponent: int | None = None

    @property
    def is_plain(self) -> bool:
        """Whether it is one token: neither negative nor with a power of ten."""
        return not self.is_negative and self.exponent is None


def write_number(value: float, digits: int | None = 3) -> Numeral:
    """Return a number with `digits` significant digits; with None, the fewest that round-trip.

    A number with fewer digits of its own is written as it is: `0.5`, `12`. Magnitudes below 0.001
    (from six digits on: 0.0001) and from 10⁶ on have a power of ten.
    """
    if math.isnan(value):
        return Numeral(is_negative=False, digits="NaN")
    size, is_negative = abs(value), value < 0
    if math.isinf(value):
        return Numeral(is_negative, "∞")
    if size == 0:
        return Numeral(is_negative=False, digits="0")
    if digits is None or significant_digits(size) <= digits:
        return _write_exactly(size, digits, is_negative=is_negative)
    # Rounded first: 0.0009996 is written 0.00100.
    if not _least(digits) <= float(f"{size:.{digits - 1}e}") < _LARGEST:
        mantissa, exponent = f"{size:.{max(digits - 1, 0)}e}".split("e")
        return Numeral(is_negative, mantissa, int(exponent))
    return Numeral(is_negative, f"{size:,.{max(digits - 1 - _magnitude(size, digits), 0)}f}")


def significant_digits(size: float) -> int:
    """Return the number of digits of the shortest text that reads as this number."""
    return len(_mantissa(size).replace(".", ""))


def _write_exactly(size: float, digits: int | None, *, is_negative: bool) -> Numeral:
    mantissa, exponent = _mantissa(size), _exponent(size)
    if not _least(digits) <= size < _LARGEST:
        return Numeral(is_negative, mantissa, exponent)
    decimals = max(len(mantissa.replace(".", "")) - 1 - exponent, 0)
    return Numeral(is_negative, f"{size:,.{decimals}f}")


def _mantissa(size: float) -> str:
    """The digits of the shortest text, as one digit before the point: `1.25`."""
    text = repr(size).split("e")[0].replace(".", "").strip("0")
    return text[0] + (f".{text[1:]}" if text[1:] else "")


def _exponent(size: float) -> int:
    return int(f"{size:e}".split("e")[1]) if size < 1 else _magnitude(size, 17)


def _magnitude(size: float, digits: int) -> int:
    """The power of ten of the first digit, after rounding to that many digits."""
    return int(f"{size:.{digits - 1}e}".split("e")[1])


def _least(digits: int | None) -> float:
    return 1e-4 if digits is None or digits >= _TABLE_DIGITS else 1e-3
