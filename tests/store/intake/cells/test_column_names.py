"""Column names are made unique and printable, with notices of the changes."""

import pytest

from store.errors import IntakeError
from store.intake.cells.column_names import clean_names


@pytest.mark.parametrize(
    ("raw", "names", "codes"),
    [
        (["x", "y"], ("x", "y"), []),
        ([" x ", "y\t"], ("x", "y"), ["name_trimmed"]),
        (["\ufeffx", "y\0z", "a\nb"], ("x", "y z", "a b"), ["name_trimmed"]),
        (["x", "", " "], ("x", "column_2", "column_3"), ["unnamed_column"] * 2),
        (["x", "x", "x"], ("x", "x_2", "x_3"), ["repeated_column"] * 2),
        (["x", "x", "x_2"], ("x", "x_3", "x_2"), ["repeated_column"]),
        (["", "column_1"], ("column_1_2", "column_1"), ["unnamed_column"]),
        (["x\ud800"], ("x",), ["name_trimmed"]),
        (["x", "x "], ("x", "x_2"), ["name_trimmed", "repeated_column"]),
    ],
)
def test_names(raw: list[str], names: tuple[str, ...], codes: list[str]) -> None:
    found, notices = clean_names(raw, 10)
    assert found == names
    assert [notice.code for notice in notices] == codes


@pytest.mark.parametrize("name", ["", "x"])
def test_notices_of_ten_thousand_repeated_names_are_summarized(name: str) -> None:
    names, notices = clean_names([name] * 10_000, 10_000)
    assert len(set(names)) == 10_000
    assert len(notices) < 30
    assert notices[-1].code == "names_changed"


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (["x", "y", "z"], "too_many_columns"),
        ([], "no_columns"),
        (["x" * 1025], "column_name_too_long"),
    ],
)
def test_impossible_names_are_refused(raw: list[str], code: str) -> None:
    with pytest.raises(IntakeError) as refused:
        clean_names(raw, 2)
    assert refused.value.code == code
