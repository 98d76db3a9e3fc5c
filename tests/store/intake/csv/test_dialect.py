"""The dialect of a CSV file is detected or stated by the client."""

from pathlib import Path

import pytest

from tests.store.intake.csv_files import read, refusal


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a\tb, c\n1\t2, 3\n", "\t"),
        ("a;b\n1,5;2,5\n", ";"),
        ("1,5;2,5\n2,5;3,5\n", ";"),
        ("a|b\n1|2\n", "|"),
        ("a,b\n1;2,3\n", ","),
        ('a,b\n"1;2;3",4\n"1;2",5\n', ","),
        ("a\n1\n2\n", ","),
        ("text\none; two\nthree\n", ","),
    ],
)
def test_delimiter(tmp_path: Path, content: str, delimiter: str) -> None:
    assert read(tmp_path, content).contents.options.delimiter == delimiter


def test_any_delimiter_may_be_stated(tmp_path: Path) -> None:
    intake = read(tmp_path, "a~b\n1~2\n", delimiter="~")
    assert intake.values("b") == [2.0]


@pytest.mark.parametrize("delimiter", ['"', "\n", "§", "ab"])
def test_impossible_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    assert refusal(tmp_path, "a,b\n1,2\n", delimiter=delimiter).code == "invalid_delimiter"


@pytest.mark.parametrize(
    ("content", "quote", "first"),
    [
        ("a,b\n'x,y',2\n'z',3\n", "'", "x,y"),
        ("a,b\n'tis,2\ndon't,3\n", '"', "'tis"),
        ('a,b\n"it\'s, so",2\n', '"', "it's, so"),
        ('a,b\n5" pipe,2\n', '"', '5" pipe'),
    ],
)
def test_quote(tmp_path: Path, content: str, quote: str, first: str) -> None:
    intake = read(tmp_path, content)
    assert intake.contents.options.quote == quote
    assert intake.values("a")[0] == first


def test_quoting_may_be_disabled(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\n"x,2\n', quote="").values("a") == ['"x']


@pytest.mark.parametrize(
    ("content", "decimal", "values"),
    [
        ("a;b\n1,5;x\n2,25;y\n", ",", [1.5, 2.25]),
        ('a,b\n"1,5",x\n"-2,25",y\n', ",", [1.5, -2.25]),
        ("a;b\n0,125;x\n1,500;y\n", ",", [0.125, 1.5]),
        ("a;b\n1,5;0.5\n2,5;1.5\n", ".", ["1,5", "2,5"]),
        ('a,b\n"1,234",x\n"12,500",y\n', ".", ["1,234", "12,500"]),
        ('a,b\n"1,234,567.5",x\n"2,500.25",y\n', ".", ["1,234,567.5", "2,500.25"]),
        ("a;b\n1;x\n2;y\n", ".", [1.0, 2.0]),
    ],
)
def test_decimal_comma_is_detected_only_if_unambiguous(
    tmp_path: Path, content: str, decimal: str, values: list[object]
) -> None:
    intake = read(tmp_path, content)
    assert intake.contents.options.decimal == decimal
    assert intake.values("a") == values


def test_doubtful_commas_give_a_notice_and_are_read_as_stated(tmp_path: Path) -> None:
    content = "a;b\n1,234;x\n12,500;y\n"
    assert read(tmp_path, content).codes == ["doubtful_commas"]
    assert read(tmp_path, content, decimal=",").values("a") == [1.234, 12.5]


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("a,b\n1,2\n", True),
        ("1,2\n3,4\n", False),
        ("1.5,2.5,rose\n1.6,2.6,rose\n", False),
        ("id,2019,2020\n1,5,6\n2,7,8\n", True),
        ("0,1,2\n1.5,2.5,rose\n", True),
        ("?,2\n3,4\n", False),
        ("red,small\nblue,large\nred,large\n", False),
        ("color,size\nblue,large\nred,large\n", True),
        ("2024-01-31,1\n2024-02-01,2\n", False),
        ("a,b\n", True),
    ],
)
def test_header(tmp_path: Path, content: str, header: bool) -> None:
    if header and content.count("\n") == 1:
        assert refusal(tmp_path, content).code == "no_rows"
        return
    intake = read(tmp_path, content)
    assert intake.contents.options.header is header
    assert ("no_header" in intake.codes) is not header


def test_columns_without_a_header_are_numbered(tmp_path: Path) -> None:
    intake = read(tmp_path, "1,2\n3,4\n")
    assert [c.name for c in intake.contents.columns] == ["column_1", "column_2"]
    assert intake.values("column_1") == [1.0, 3.0]


def test_header_may_be_stated(tmp_path: Path) -> None:
    assert read(tmp_path, "1,2\n3,4\n", header=True).values("1") == [3.0]
    assert read(tmp_path, "a,b\n3,4\n", header=False).values("column_1") == ["a", "3"]


def test_blank_lines_around_the_header_and_line_breaks_in_it(tmp_path: Path) -> None:
    intake = read(tmp_path, '\r\n\n"a\nb",c\n\n1,2\n\n')
    assert [c.name for c in intake.contents.columns] == ["a b", "c"]
    assert intake.values("c") == [2.0]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_any_way(tmp_path: Path, end: str) -> None:
    assert read(tmp_path, end.join(["a,b", "1,2", "3,4"])).values("b") == [2.0, 4.0]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("a,ü\n1,ß\n".encode(), "utf-8"),
        ("a,ü\n1,ß\n".encode("utf-8-sig"), "utf-8"),
        ("a,ü\n1,ß\n".encode("utf-16"), "utf-16"),
        ("\ufeffa,ü\n1,ß\n".encode("utf-16-be"), "utf-16"),
        ("a,ü\n1,ß\n".encode("utf-16-le"), "utf-16-le"),
        ("a,ü\n1,ß\n".encode("utf-16-be"), "utf-16-be"),
        ("a,ü\n1,ß\n".encode("latin-1"), "latin-1"),
        ("a,ü\n1,ß€\n".encode("cp1252"), "cp1252"),
    ],
)
def test_encoding(tmp_path: Path, content: bytes, encoding: str) -> None:
    intake = read(tmp_path, content)
    assert intake.contents.options.encoding == encoding
    assert intake.values("ü")[0].startswith("ß")
    assert ("guessed_encoding" in intake.codes) is (encoding in {"latin-1", "cp1252"})


def test_late_invalid_utf_8_byte_changes_the_encoding(tmp_path: Path) -> None:
    intake = read(tmp_path, b"a,b\n" + b"1,x\n" * 400_000 + "1,€ß\n".encode("cp1252"))
    assert intake.contents.options.encoding == "cp1252"
    assert intake.values("b")[-1] == "€ß"


@pytest.mark.parametrize(
    ("content", "encoding", "line"),
    [
        (b"a,b\n1,\xff\n", "utf-8", 2),
        (b"a,b\n" + b"1,x\n" * 400_000 + b"1,\xff\n", "utf-8", 400_002),
        (b"a,b\n1,\x81\n", "cp1252", 2),
        (b"a,b\n1,2\n3", "utf-16", 3),
        (b"a,b\n1,\xc3\xa4\n", "ascii", 2),
    ],
)
def test_wrong_stated_encoding_is_refused_with_the_line(
    tmp_path: Path, content: bytes, encoding: str, line: int
) -> None:
    error = refusal(tmp_path, content, encoding=encoding)
    assert error.code == "wrong_encoding"
    assert error.place is not None
    assert error.place.line == line


@pytest.mark.parametrize("encoding", ["klingon", "zlib", "rot13", "unicode_escape", "", "../x"])
def test_unknown_encoding_is_refused(tmp_path: Path, encoding: str) -> None:
    assert refusal(tmp_path, "a,b\n1,2\n", encoding=encoding).code == "unknown_encoding"


def test_all_options_are_set_in_the_result(tmp_path: Path) -> None:
    options = read(tmp_path, "a,b\n1,2\n").contents.options
    assert None not in options.as_json().values()
    assert options.format == "csv"
