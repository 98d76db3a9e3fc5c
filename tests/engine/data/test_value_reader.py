"""Words of a file: one meaning in predictions, class weights and validation values."""

from typing import Any

import pytest

from engine.data.levels import Part, describe_levels, known_levels, marks_part, read_level
from engine.data.table import ColumnKind, ColumnSchema, FileConventions, Level
from engine.data.value_reader import ValueReader, WrongValueError

COMMA = FileConventions(missing=("NA", "-999"), decimal=",")


@pytest.mark.parametrize(
    ("kind", "value", "level"),
    [
        ("boolean", "TRUE", True),
        ("boolean", " True ", True),
        ("boolean", True, True),
        ("boolean", 1, True),
        ("boolean", "yes", True),
        ("boolean", "off", False),
        ("boolean", "0.0", False),
        ("numeric", "1,0", 1),
        ("numeric", "1", 1),
        ("numeric", 1.0, 1),
        ("numeric", True, 1),
        ("categorical", " red ", "red"),
        ("categorical", "Red", "Red"),
        ("categorical", 7, "7"),
        ("categorical", 0.5, "0,5"),
        ("categorical", True, "TRUE"),
        ("text", "a word", "a word"),
        ("boolean", "NA", None),
        ("numeric", -999, None),
        ("numeric", "-999", None),
        ("numeric", "?", None),
        ("categorical", -999, None),
        ("categorical", "?", "?"),
    ],
)
def test_a_word_has_one_meaning_in_a_column(kind: ColumnKind, value: Any, level: Any) -> None:
    assert read_level(ValueReader(COMMA), kind, value, ("red", "TRUE", "FALSE")) == level


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("boolean", "maybe"),
        ("boolean", 2),
        ("numeric", "true"),
        ("numeric", "1.0"),
        ("numeric", "1e999"),
        ("categorical", False),
        ("time", "2024-01-31"),
    ],
)
def test_other_words_have_none(kind: ColumnKind, value: Any) -> None:
    with pytest.raises(WrongValueError):
        read_level(ValueReader(COMMA), kind, value, ("red", "TRUE"))


@pytest.mark.parametrize("value", [[], {}, object()])
def test_only_scalars_are_read(value: Any) -> None:
    reader = ValueReader(FileConventions())
    for read in (reader.number, reader.boolean, reader.category):
        with pytest.raises(WrongValueError):
            read(value)


def column(kind: ColumnKind, *levels: str) -> ColumnSchema:
    return ColumnSchema("c", kind, 0, len(levels), levels=levels)


def test_levels_are_known_if_the_description_has_them_all() -> None:
    assert known_levels(column("boolean", "true", "false")) == (False, True)
    assert known_levels(column("numeric", "10", "9", "-0.5")) == (-0.5, 9, 10)
    assert known_levels(column("categorical", "b", "a")) == ("a", "b")
    assert known_levels(column("time", "2024-01-31")) is None
    assert known_levels(ColumnSchema("c", "categorical", 0, 2000)) is None


def test_a_number_is_found_among_the_levels() -> None:
    levels = known_levels(column("numeric", "0", "1", "0.1", str(2**53)))
    reader = ValueReader(FileConventions())
    for word in ("1.0", 1, "0.1", "9007199254740992"):
        assert read_level(reader, "numeric", word) in (levels or ())


@pytest.mark.parametrize(
    ("levels", "word", "message"),
    [
        (("train", "test"), "tset", "'train', 'test'; did you mean 'test'?"),
        (("Red", "Blue"), "RED", "'Red', 'Blue'; did you mean 'Red'?"),
        (("a", "b"), "other", "'a', 'b'"),
        ((2019, 2021), "2029", "2019, 2021; did you mean 2021?"),
        ((0.5, 1.5), "0,4", "0.5, 1.5; did you mean 0.5?"),
        ((0, 1), 10**400, "0, 1"),
        (tuple(range(12)), "x", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"),
        ((False, True), "ture", "false, true; did you mean true?"),
        (("a", "b"), "c" * 10**6, "'a', 'b'"),
    ],
)
def test_message_names_known_levels_and_the_nearest(levels: Any, word: Any, message: str) -> None:
    assert describe_levels(levels, word) == message


def test_default_words_mark_a_part() -> None:
    both: list[Level] = [True, 1, 1.0, "Test", " holdout ", "TRUE"]
    parts: tuple[Part, ...] = ("validation", "test")
    for part in parts:
        assert all(marks_part(level, part) for level in both)
        assert not any(marks_part(level, part) for level in (False, 0, 2, "train", "1"))
    assert [marks_part("Val", part) for part in parts] == [True, False]
