"""JSON that is truncated, nested, oversized, with repeated keys, or not a table."""

# One case per line, for a readable table.
# ruff: noqa: E501

from functools import partial

from tests.service.hostile.case import Case

JSON = "application/json"
LINES = "application/x-ndjson"
MIB = 2**20


def json_case(name: str, content: bytes, code: str, says: str, query: str = "") -> Case:
    return Case(name, content, code, says, media_type=JSON, query=query)


def lines_case(name: str, content: bytes, code: str, says: str, query: str = "") -> Case:
    return Case(name, content, code, says, media_type=LINES, query=query)


def nested(opening: bytes, closing: bytes, depth: int = 100_000) -> bytes:
    return b'[{"x": ' + opening * depth + b"1" + closing * depth + b"}]"


ROWS = [
    json_case("empty", b"", "empty_file", "empty"),
    json_case("no rows", b"[]", "no_rows", "no rows"),
    json_case("no columns", b"{}", "no_rows", "no rows"),
    json_case("a number", b"42", "not_a_table", "rows"),
    json_case("a text", b'"x"', "not_a_table", "rows"),
    json_case("null", b"null", "not_a_table", "rows"),
    json_case("rows that are numbers", b"[1, 2, 3]", "not_a_table", "row 1"),
    json_case("a row that is a number", b'[{"x": 1}, 2]', "not_a_table", "row 2"),
    json_case("a row that is null", b'[{"x": 1}, null]', "not_a_table", "row 2"),
    json_case("rows without columns", b"[{}, {}, {}]", "no_columns", "column"),
    json_case("cut in a row", b'[{"x": 1}, {"x"', "not_json", "end"),
    json_case("cut after a row", b'[{"x": 1}, {"x": 2}', "not_json", "end"),
    json_case("cut in a text", b'[{"x": "abc', "not_json", "end"),
    json_case("cut after the first character", b"[", "not_json", "end"),
    json_case("text after the end", b'[{"x": 1}] and more', "not_json", "JSON"),
    json_case("two tables", b'[{"x": 1}][{"x": 2}]', "not_json", "JSON"),
    json_case("a comma too many", b'[{"x": 1},]', "not_json", "JSON"),
    json_case("single quotes", b"[{'x': 1}]", "not_json", "JSON"),
    json_case("names without quotes", b"[{x: 1}]", "not_json", "JSON"),
    json_case("a comment", b'[{"x": 1} /* one */]', "not_json", "JSON"),
    json_case("NaN", b'[{"x": NaN}]', "not_json", "JSON"),
    json_case("Infinity", b'[{"x": Infinity}]', "not_json", "JSON"),
    json_case("minus Infinity", b'[{"x": -Infinity}]', "not_json", "JSON"),
    json_case("a number too large for a float", b'[{"x": 1e999}]', "number_too_large", "1e999"),
    json_case("an integer of 10,000 digits", b'[{"x": ' + b"9" * 10_000 + b"}]", "number_too_large", "digits"),
    json_case("a fraction of 10,000 digits", b'[{"x": 0.' + b"9" * 10_000 + b"e9999}]", "number_too_large", "too large"),
    json_case("Latin-1", '[{"é": 1}]'.encode("latin-1"), "wrong_encoding", "utf-8"),
    json_case("unpaired surrogate, escaped", b'[{"x": "\\ud800"}]', "not_json", "surrogate"),
    json_case("NUL between the rows", b'[{"x": 1},\0{"x": 2}]', "not_json", "JSON"),
    json_case("a name twice", b'[{"x": 1, "x": 2}]', "repeated_key", "x"),
    json_case("a name twice, far down", b'[' + b'{"x": 1},' * 5000 + b'{"x": 1, "x": 2}]', "repeated_key", "row 5001"),
    json_case("cells that are lists", b'[{"x": [1, 2]}]', "nested_value", "x"),
    json_case("cells that are objects", b'[{"x": {"y": 1}}]', "nested_value", "x"),
    json_case("mixed texts, stated numeric", b'[{"x": 1}, {"x": "a"}]', "mixed_types", "text", query="kind=x:numeric"),
    json_case("mixed booleans, stated numeric", b'[{"x": 1}, {"x": true}]', "mixed_types", "true or false", query="kind=x:numeric"),
    json_case("empty name", b'[{"": 1, " ": [2]}]', "nested_value", "nested"),
    json_case("noise", b"[" + bytes(range(128, 256)) * 50, "not_json", "JSON"),
]  # fmt: skip

DEEP = [
    Case("100,000 lists deep", partial(nested, b"[", b"]"), "nested_value", "nested", media_type=JSON),
    Case("100,000 objects deep", partial(nested, b'{"a":', b"}"), "nested_value", "nested", media_type=JSON),
    Case("100,000 lists, never closed", b"[" * 100_000, "nested_value", "nested", media_type=JSON),
    Case("a million objects, never closed", lambda: b'{"a":' * 10**6, "nested_value", "nested", media_type=JSON),
    Case("100,000 lists deep in a line", lambda: nested(b"[", b"]")[1:-1] + b"\n", "nested_value", "nested", media_type=LINES),
]  # fmt: skip

WIDE = [
    Case("100,000 columns", lambda: b"[{" + b",".join(b'"c%d":1' % n for n in range(100_000)) + b"}]", "too_many_columns", "columns", media_type=JSON),
    Case("another column each row", lambda: b"[" + b",".join(b'{"c%d":1}' % n for n in range(50_000)) + b"]", "too_many_columns", "columns", media_type=JSON),
    Case("another column each line", lambda: b"\n".join(b'{"c%d":1}' % n for n in range(50_000)), "too_many_columns", "columns", media_type=LINES),
    Case("text of 50 MB", lambda: b'[{"x": "' + b"a" * (50 * MIB) + b'"}]', "row_too_long", "row 1", media_type=JSON),
    Case("name of 50 MB", lambda: b'[{"' + b"a" * (50 * MIB) + b'": 1}]', "row_too_long", "row 1", media_type=JSON),
    Case("number of 20 MB", lambda: b'[{"x": ' + b"1" * (20 * MIB) + b"}]", "row_too_long", "row 1", media_type=JSON),
    Case("line of 50 MB", lambda: b'{"x": "' + b"a" * (50 * MIB) + b'"}\n', "row_too_long", "line 1", media_type=LINES),
    Case("spaces of 50 MB", lambda: b"[" + b" " * (50 * MIB), "not_json", "end", media_type=JSON),
]  # fmt: skip

COLUMNS = [
    json_case("columns of two lengths", b'{"x": [1, 2, 3], "y": [1, 2]}', "ragged_columns", "y"),
    json_case("column that is a number", b'{"x": [1, 2], "y": 3}', "not_a_table", "y"),
    json_case("columns without rows", b'{"x": [], "y": []}', "no_rows", "no rows"),
    json_case("column twice", b'{"x": [1], "x": [2]}', "repeated_key", "x"),
    json_case("columns cut", b'{"x": [1, 2], "y": [1', "not_json", "end"),
    json_case("columns of lists", b'{"x": [[1], [2]]}', "nested_value", "x"),
    json_case("columns of objects", b'{"x": [{"a": 1}]}', "nested_value", "x"),
]

LINES_CASES = [
    lines_case("lines cut", b'{"x": 1}\n{"x": 2}\n{"x"', "not_json", "line 3"),
    lines_case("line that is a list", b'{"x": 1}\n[2]\n', "not_a_table", "line 2"),
    lines_case("line that is a number", b'{"x": 1}\n2\n', "not_a_table", "line 2"),
    lines_case("line with two rows", b'{"x": 1}{"x": 2}\n', "not_json", "line 1"),
    lines_case("line with a name twice", b'{"x": 1}\n{"x": 1, "x": 2}\n', "repeated_key", "line 2"),
    lines_case("line with NaN", b'{"x": 1}\n{"x": NaN}\n', "not_json", "line 2"),
    lines_case("line that is not JSON", b'{"x": 1}\nx,y\n', "not_json", "line 2"),
    lines_case("lines with nested cells", b'{"x": 1}\n{"x": [1]}\n', "nested_value", "x"),
    lines_case("lines with an object", b'{"x": {"y": 1}}\n', "nested_value", "x"),
    lines_case("blank lines only", b"\n\n\n", "empty_file", "empty"),
    lines_case("lines without columns", b"{}\n{}\n", "no_columns", "column"),
    lines_case("lines with NUL", b'{"x": 1}\n\0\n', "not_json", "line 2"),
    lines_case("integer of 10,000 digits in a line", b'{"x": ' + b"9" * 10_000 + b"}\n", "number_too_large", "digits"),
    lines_case("number too large for a float in a line", b'{"x": 1}\n{"x": -1e999}\n', "number_too_large", "line 2"),
    lines_case("lines with an unpaired surrogate", b'{"x": "\\udc00"}\n', "not_json", "line 1"),
]  # fmt: skip

CASES = [*ROWS, *DEEP, *WIDE, *COLUMNS, *LINES_CASES]
