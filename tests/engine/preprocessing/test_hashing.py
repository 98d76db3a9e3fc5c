"""Feature hashing compared with hand-computed values."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.preprocessing.fitted import FittedText, NumericTarget
from engine.preprocessing.hashing import hash_words
from engine.preprocessing.preprocessing import Preprocessing
from tests.engine.examples import FLOAT64, levels


def test_checksums_are_those_of_every_platform() -> None:
    assert (zlib.crc32(b"123456789"), zlib.crc32(b"")) == (0xCBF43926, 0)


def bucket_and_sign(word: str, buckets: int) -> tuple[int, int]:
    checksum = zlib.crc32(word.encode())
    return (checksum % 2**31) % buckets, -1 if checksum >= 2**31 else 1


def test_checksum_selects_bucket_and_sign() -> None:
    buckets = 1000
    (red, red_sign), (blue, blue_sign) = (
        bucket_and_sign("red", buckets),
        bucket_and_sign("blue", buckets),
    )
    found = hash_words("Red, blue; RED red!", buckets)
    length = 10**0.5
    assert found == {
        red: pytest.approx(3 * red_sign / length),
        blue: pytest.approx(blue_sign / length),
    }


def test_words_are_runs_of_letters_and_digits() -> None:
    assert hash_words("über_7 a-b", 64) == hash_words("7 B a Über", 64)
    assert hash_words("", 8) == hash_words("… --- !", 8) == {}


def test_words_may_cancel_each_other_out() -> None:
    by_sign: dict[int, str] = {}
    for word in "abcdefghij":
        by_sign.setdefault(bucket_and_sign(word, 1)[1], word)
    assert hash_words(" ".join(by_sign.values()), 1) == {}


@given(text=st.text(), buckets=st.integers(2, 50))
def test_any_text_has_length_one_or_no_word(text: str, buckets: int) -> None:
    found = hash_words(text, buckets)
    assert all(0 <= bucket < buckets for bucket in found)
    length = sum(value**2 for value in found.values())
    assert length == pytest.approx(1) or not found


def test_missing_text_is_all_zeros() -> None:
    fitted = FittedText("t", 16, indicator=True)
    preprocessing = Preprocessing((fitted,), NumericTarget("y", 0, 1))
    x = preprocessing.transform({"t": levels("red", None, "blue red", "red")}, FLOAT64)
    assert x.shape == (4, 17)
    for row, text in enumerate(("red", "", "blue red", "red")):
        expected = np.zeros(16)
        for bucket, value in hash_words(text, 16).items():
            expected[bucket] = value
        np.testing.assert_array_equal(x[row, :16], expected)
    assert x[:, 16].tolist() == [0, 1, 0, 0]
