"""Numbers as text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.explain.formulas.rendering.numerals import Numeral, write_number


def _text(numeral: Numeral) -> str:
    power = "" if numeral.exponent is None else f"e{numeral.exponent}"
    return f"{'-' if numeral.is_negative else ''}{numeral.digits}{power}"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.5, "0.5"),
        (-0.21653, "-0.217"),
        (0.0069949, "0.00699"),
        (1.0499, "1.05"),
        (0.1 + 0.2, "0.300"),
        (12.0, "12"),
        (0.0009996, "0.00100"),
        (0.00098765, "9.9e-4"),
        (2.4e-5, "2.4e-5"),
        (2.4321e-5, "2.4e-5"),
        (1e-8, "1e-8"),
        (999.6, "1,000"),
        (1234.5, "1,234"),
        (4096.0, "4,096"),
        (1e6, "1e6"),
        (123456789.0, "1.2e8"),
        (-3.5e300, "-3.5e300"),
        (5e-324, "5e-324"),
        (math.inf, "∞"),
        (-math.inf, "-∞"),
        (math.nan, "NaN"),
    ],
)
def test_three_digits(value: float, text: str) -> None:
    assert _text(write_number(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(-0.05595767, "-0.0559577"), (0.000123456789, "0.000123457"), (9.87654321e-5, "9.8765e-5")],
)
def test_six_digits(value: float, text: str) -> None:
    assert _text(write_number(value, 6)) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_all_digits_read_as_the_same_number(value: float) -> None:
    assert float(_text(write_number(value, None)).replace(",", "")) == value


@given(st.floats(-1e300, 1e300), st.integers(2, 9))
def test_rounded_digits_are_near(value: float, digits: int) -> None:
    text = _text(write_number(value, digits)).replace(",", "")
    assert float(text) == pytest.approx(value, rel=0.51 * 10 ** (2 - digits), abs=5e-324)
    assert len(text.partition("e")[0].strip("-0.").replace(".", "")) <= max(digits, 6)
