"""CSV files that are ragged, truncated or oversized, and files that are not CSV."""

# One case per line, for a readable table.
# ruff: noqa: E501

import random
from functools import partial

from tests.service.hostile.case import Case

GOOD = b"x,y\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(50))
MIB = 2**20


def after_good_rows(rest: bytes, rows: int = 50_000) -> bytes:
    """Return a CSV file with `rest` after `rows` valid rows."""
    return b"x,y\n" + b"1,2\n" * rows + rest


def many_columns(count: int, rows: int) -> bytes:
    header = ",".join(f"c{n}" for n in range(count))
    return (header + "\n" + ("1," * (count - 1) + "1\n") * rows).encode()


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


EMPTY = [
    Case("empty", b"", "empty_file", "empty"),
    Case("only a line break", b"\n", "empty_file", "empty"),
    Case("only line breaks", b"\r\n" * 1000, "empty_file", "empty"),
    Case("only a byte order mark", b"\xef\xbb\xbf", "empty_file", "empty"),
    Case("only a UTF-16 mark", b"\xff\xfe", "empty_file", "empty"),
    Case("only a header", b"x,y\n", "no_rows", "no rows", query="header=true"),
    Case("only a header, unended", b"name,age", "no_rows", "no rows"),
    Case("only a header and blank lines", b"name,age\n\n\n\n", "no_rows", "no rows"),
    Case("only a header, tabs", b"name\tage\n", "no_rows", "no rows"),
    Case("only a header in UTF-16", "name,age\n".encode("utf-16"), "no_rows", "no rows"),
]

RAGGED = [
    Case("short row", b"x,y\n1,2\n3\n4,5\n", "ragged_row", "line 3"),
    Case("long row", b"x,y\n1,2\n3,4,5\n", "ragged_row", "line 3"),
    Case("short last row", GOOD + b"7\n", "ragged_row", "line 52"),
    Case("long last row, unended", GOOD + b"7,8,9", "ragged_row", "line 52"),
    Case("cut in the last row", b"x,y,z\n1,2,3\n4,5", "ragged_row", "line 3"),
    Case("rows longer than the header", b"x,y\n1,2,3\n4,5,6\n", "ragged_row", "line 2"),
    Case("rows shorter than the header", b"x,y,z\n1,2\n4,5\n", "ragged_row", "line 2"),
    Case("a comma too many", b"x,y\n1,2,\n3,4\n", "ragged_row", "line 2"),
    Case("ragged far down", partial(after_good_rows, b"1,2,3\n1,2\n"), "ragged_row", "line 50002"),
    Case("short far down", partial(after_good_rows, b"1\n1,2\n"), "ragged_row", "line 50002"),
    Case(
        "ragged after a cell with line breaks",
        b'x,y\n"1\n2\n3",2\n3\n',
        "ragged_row",
        "line 5",
    ),
    Case(
        "another delimiter far down", partial(after_good_rows, b"3;4\n"), "ragged_row", "line 50002"
    ),
    Case("ragged with semicolons", b"x;y\n1;2\n3;4;5\n", "ragged_row", "line 3"),
    Case("ragged with tabs", b"x\ty\n1\t2\n3\n", "ragged_row", "line 3"),
    Case("ragged in UTF-16", "x,y\n1,2\n3,4,5\n".encode("utf-16"), "ragged_row", "line 3"),
    Case("ragged in Latin-1", "x,é\n1,2\n3,4,5\n".encode("latin-1"), "ragged_row", "line 3"),
    Case(
        "stated delimiter in only one row",
        b"x,y\n1,2\n1;2,3\n",
        "ragged_row",
        "line 3",
        query="delimiter=semicolon&header=true",
    ),
    Case(
        "quotes disabled",
        b'x,y\n"a,b",2\n',
        "ragged_row",
        "line 2",
        query="quote=none&delimiter=comma&header=true",
    ),
]

QUOTES = [
    Case("unclosed quote in a row", b'x,y\n1,"2\n3,4\n5,6\n', "unclosed_quote", "quote"),
    Case("unclosed quote in the header", b'x,"y\n1,2\n3,4\n', "unclosed_quote", "quote"),
    Case("unclosed quote at the end", GOOD + b'7,"8', "unclosed_quote", "quote"),
    Case(
        "unclosed quote far up",
        lambda: b'x,y\n1,"2\n' + b"3,4\n" * 500_000,
        "unclosed_quote",
        "quote",
    ),
    Case(
        "unclosed stated quote",
        b"x,y\n1,'2\n3,4\n",
        "unclosed_quote",
        "quote",
        query="quote='&delimiter=comma",
    ),
]

WIDE = [
    Case("100,000 columns", partial(many_columns, 100_000, 3), "too_many_columns", "100000"),
    Case("100,000 columns, header alone", partial(many_columns, 100_000, 0), "too_many_columns", "100000"),
    Case("a million commas", lambda: b"," * 10**6 + b"\n" + b"," * 10**6, "too_many_columns", "columns"),
    Case("ten million commas", lambda: b"," * 10**7, "too_many_columns", "columns"),
    Case("10,001 columns", partial(many_columns, 10_001, 2), "too_many_columns", "10001"),
    Case("100,000 columns in UTF-16", lambda: many_columns(100_000, 1).decode().encode("utf-16"), "too_many_columns", "100000"),
    Case("cell of 50 MB", lambda: b"x,y\n1," + b"a" * (50 * MIB) + b"\n2,b\n", "row_too_long", "line 2"),
    Case("quoted cell of 50 MB", lambda: b'x,y\n1,"' + b"a" * (50 * MIB) + b'"\n2,b\n', "row_too_long", "line 2"),
    Case("cell of 50 MB far down", lambda: after_good_rows(b"1," + b"a" * (50 * MIB)), "row_too_long", "line 50002"),
    Case("header of 50 MB", lambda: b"x," + b"y" * (50 * MIB) + b"\n1,2\n", "row_too_long", "line 1"),
    Case("a line of 50 MB", lambda: b"7" * (50 * MIB), "row_too_long", "line 1"),
    Case("a row of many long cells", lambda: b"x,y\n1," + b'"' + b"a,\n" * (4 * MIB) + b'"\n', "row_too_long", "line 2"),
    Case("column name of 2,000 letters", b"x," + b"y" * 2000 + b"\n1,2\n", "column_name_too_long", "column 2"),
]  # fmt: skip

BINARY = [
    Case("noise", partial(noise, 100_000), "not_csv", "NUL"),
    Case("noise without NUL", lambda: noise(100_000).replace(b"\0", b"\x01"), "not_csv", "control"),
    Case("short noise", b"\x00\x01\x02", "not_csv", "NUL"),
    Case("NUL in a cell", b"x,y\n1,a\0b\n", "not_csv", "NUL"),
    Case("NUL in the header", b"x\0,y\n1,2\n", "not_csv", "NUL"),
    Case("NUL far down", partial(after_good_rows, b"1,\0\n", 600_000), "not_csv", "NUL"),
    Case("NULs alone", b"\0" * 10_000, "not_csv", "NUL"),
    Case("a program", b"\x7fELF\x02\x01\x01" + b"\0" * 9 + noise(5000), "not_a_table", "program"),
    Case("a PNG picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + noise(5000), "not_a_table", "PNG"),
    Case("a JPEG picture", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + noise(5000), "not_a_table", "JPEG"),
    Case("a GIF picture", b"GIF89a\x01\0\x01\0" + noise(500), "not_a_table", "GIF"),
    Case("a PDF document", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\n" + noise(5000), "not_a_table", "PDF"),
    Case("an old Excel sheet", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 504, "not_a_table", "Excel"),
    Case("an SQLite database", b"SQLite format 3\0" + b"\x10\0\x01\x01" + b"\0" * 4000, "not_a_table", "SQLite"),
    Case("a web page", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n", "not_a_table", "HTML"),
    Case("a web page, bare", b"<html>\n<head><title>502</title></head>\n</html>\n", "not_a_table", "HTML"),
    Case("an XML document", b'<?xml version="1.0"?>\n<rows><row/></rows>\n', "not_a_table", "XML"),
    Case("a bzip2 file", b"BZh91AY&SY" + noise(500), "not_a_table", "bzip2"),
    Case("an xz file", b"\xfd7zXZ\0" + noise(500), "not_a_table", "xz"),
    Case("a 7-Zip archive", b"7z\xbc\xaf\x27\x1c" + noise(500), "not_a_table", "7-Zip"),
    Case("a pickle", b"\x80\x04\x95\x1e\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94.", "not_csv", "NUL"),
]  # fmt: skip

CASES = [*EMPTY, *RAGGED, *QUOTES, *WIDE, *BINARY]
