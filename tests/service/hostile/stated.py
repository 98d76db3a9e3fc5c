"""Valid files with contradicting or invalid read options."""

# One case per line, for a readable table.
# ruff: noqa: E501

from functools import partial

from tests.service.hostile.case import Case
from tests.service.hostile.csv_files import GOOD, after_good_rows

LATIN = "name,café\nzoé,1\nnoël,2\n".encode("latin-1")


def query_case(name: str, query: str, code: str, says: str, content: bytes = GOOD) -> Case:
    """Return a case whose only error is in the query."""
    return Case(name, content, code, says, query=query, location="query")


ENCODINGS = [
    Case("Latin-1 as UTF-8", LATIN, "wrong_encoding", "utf-8", query="encoding=utf-8"),
    Case("UTF-8 as UTF-16", GOOD + b"1", "wrong_encoding", "utf-16", query="encoding=utf-16"),
    Case("Latin-1 as ASCII", LATIN, "wrong_encoding", "ascii", query="encoding=ascii"),
    Case("UTF-16 cut in a letter", "x,y\n1,2\n".encode("utf-16")[:-1], "wrong_encoding", "utf-16"),
    Case(
        "UTF-16 with an unpaired surrogate",
        b"\xff\xfe" + "x,y\n1,".encode("utf-16-le") + b"\x00\xd8" + "\n".encode("utf-16-le"),
        "wrong_encoding",
        "utf-16",
    ),
    Case("UTF-8 mark, then Latin-1", b"\xef\xbb\xbf" + LATIN, "wrong_encoding", "utf-8"),
    Case(
        "wrong letter far down",
        partial(after_good_rows, b"1,\xff\xfe\n", 300_000),
        "wrong_encoding",
        "utf-8",
        query="encoding=utf-8",
    ),
    Case("overlong UTF-8", b"x,y\n1,\xc0\xaf\n", "wrong_encoding", "utf-8", query="encoding=utf-8"),
    Case(
        "surrogates in UTF-8", b"x,y\n1,\xed\xa0\x80\n", "wrong_encoding", "utf-8",
        query="encoding=utf-8",
    ),
    Case(
        "bytes that cp1252 does not define",
        b"x,y\n1,\x81\x8d\n",
        "wrong_encoding",
        "cp1252",
        query="encoding=cp1252",
    ),
    query_case("unknown encoding", "encoding=klingon", "unknown_encoding", "klingon"),
    query_case("encoding that is a codec of bytes", "encoding=zlib", "unknown_encoding", "zlib"),
    query_case("encoding that reads escapes", "encoding=unicode_escape", "unknown_encoding", "unicode_escape"),
    query_case("encoding that is a path", "encoding=../../utf_8", "unknown_encoding", "utf_8"),
    query_case("empty encoding", "encoding=", "unknown_encoding", "encoding"),
]  # fmt: skip

KINDS = [
    Case("texts in a numeric column", b"x,y\n1,a\n2,b\n", "invalid_cell", "number", query="kind=y:numeric"),
    Case(
        "text far down in a numeric column",
        partial(after_good_rows, b"3,three\n"),
        "invalid_cell",
        "three",
        query="kind=y:numeric",
    ),
    Case("infinity in a numeric column", b"x,y\n1,2\n2,inf\n", "infinite_number", "inf", query="kind=y:numeric"),
    Case("a number too large for a float", b"x,y\n1,2\n2,1e999\n", "infinite_number", "1e999", query="kind=y:numeric"),
    Case("hexadecimal in a numeric column", b"x,y\n1,0x10\n", "invalid_cell", "0x10", query="kind=y:numeric"),
    Case("decimal comma where a point is stated", b"x;y\n1;2,5\n", "invalid_cell", "2,5", query="kind=y:numeric&decimal=.&delimiter=semicolon"),
    Case("decimal point where a comma is stated", b"x;y\n1;2.5\n", "invalid_cell", "2.5", query="kind=y:numeric&decimal=,"),
    Case("texts in a boolean column", b"x,y\n1,maybe\n2,perhaps\n", "invalid_cell", "maybe", query="kind=y:boolean"),
    Case("numbers in a boolean column", b"x,y\n1,3\n2,4\n", "invalid_cell", "true or false", query="kind=y:boolean"),
    Case("texts in a time column", b"x,y\n1,soon\n2,later\n", "invalid_cell", "soon", query="kind=y:time"),
    Case("a day that does not exist", b"x,y\n1,2024-01-31\n2,2024-02-30\n", "invalid_cell", "2024-02-30", query="kind=y:time"),
    Case("days in two orders", b"x,y\n1,31.01.2024\n2,01/31/2024\n", "invalid_cell", "time", query="kind=y:time"),
    Case("NA not among the stated missing-value markers", b"x,y\n1,2\n2,NA\n", "invalid_cell", "NA", query="kind=y:numeric&missing=-"),
    Case("header stated to be a row", b"x,y\n1,2\n2,3\n", "invalid_cell", "number", query="kind=column_1:numeric&header=false"),
    Case("kind of an unknown column", GOOD, "unknown_column", "z", query="kind=z:numeric", location="query"),
    Case("kind of an unknown column in JSON", b'[{"x": 1}]', "unknown_column", "z", media_type="application/json", query="kind=z:numeric", location="query"),
    Case("kind of a padded name", b" x ,y\n1,2\n", "unknown_column", " x ", query="kind=%20x%20:numeric", location="query"),
    query_case("two kinds for one column", "kind=x:numeric&kind=x:text", "invalid_request", "numeric and text"),
    Case(
        "two kinds for columns of the same name",
        b"x,x\n1,a\n2,b\n",
        "invalid_request",
        "numeric and text",
        query="kind=x:numeric&kind=x:text",
        location="query",
    ),
    Case("kind for a repeated name by its new name", b"x,x\n1,a\n", "unknown_column", "x_3", query="kind=x_3:text", location="query"),
]  # fmt: skip

OPTIONS = [
    query_case("unknown kind", "kind=x:colour", "invalid_request", "NAME:KIND"),
    query_case("kind without a name", "kind=:numeric", "invalid_request", "NAME:KIND"),
    query_case("kind without a colon", "kind=numeric", "invalid_request", "NAME:KIND"),
    query_case("kind with NUL", "kind=x%00:numeric", "invalid_request", "NUL"),
    query_case("empty kind", "kind=", "invalid_request", "NAME:KIND"),
    query_case("too many kinds", "&".join(["kind=x:text"] * 1001), "invalid_request", "1000"),
    query_case("two letters for a delimiter", "delimiter=ab", "invalid_request", "delimiter"),
    query_case("letter for a delimiter", "delimiter=a", "invalid_request", "delimiter"),
    query_case("digit for a delimiter", "delimiter=0", "invalid_request", "delimiter"),
    query_case("quote for a delimiter", "delimiter=%22", "invalid_request", "delimiter"),
    query_case("line break for a delimiter", "delimiter=%0A", "invalid_request", "delimiter"),
    query_case("NUL for a delimiter", "delimiter=%00", "invalid_request", "delimiter"),
    query_case("delimiter that is not ASCII", "delimiter=%C2%A7", "invalid_request", "delimiter"),
    query_case("empty delimiter", "delimiter=", "invalid_request", "delimiter"),
    query_case("delimiter that is the quote", "delimiter='&quote='", "invalid_request", "delimiter"),
    query_case("letter for a quote", "quote=x", "invalid_request", "quote"),
    query_case("decimal that is the delimiter", "delimiter=comma&decimal=,", "invalid_request", "comma"),
    query_case("letter for a decimal", "decimal=x", "invalid_request", "decimal"),
    query_case("header that is not a boolean", "header=perhaps", "invalid_request", "header"),
    query_case("unknown format", "format=xlsx", "invalid_request", "format"),
    query_case("unknown compression", "compression=rar", "invalid_request", "compression"),
    query_case("missing-value marker too long", "missing=" + "x" * 65, "invalid_request", "missing"),
    query_case("missing-value marker with NUL", "missing=%00", "invalid_request", "NUL"),
    query_case("name too long", "name=" + "x" * 257, "invalid_request", "name"),
    query_case("name with NUL", "name=a%00b", "invalid_request", "NUL"),
    query_case("name with an unpaired surrogate", "name=%ED%A0%80&delimiter=ab", "invalid_request", "delimiter"),
    query_case("unknown option", "delimeter=,", "invalid_request", "delimeter"),
    query_case("delimiter of Parquet", "format=parquet&delimiter=,", "invalid_request", "parquet"),
    query_case("encoding of .npy", "format=npy&encoding=utf-8", "invalid_request", "npy"),
    query_case("header of JSON", "format=json&header=true", "invalid_request", "json"),
]  # fmt: skip

FORMATS = [
    Case("CSV stated to be Parquet", GOOD, "not_parquet", "Parquet", query="format=parquet"),
    Case("CSV stated to be Arrow", GOOD, "not_arrow", "Arrow", query="format=arrow"),
    Case("CSV stated to be .npy", GOOD, "not_npy", "npy", query="format=npy"),
    Case("CSV stated to be .npz", GOOD, "not_npz", "npz", query="format=npz"),
    Case("CSV stated to be JSON", GOOD, "not_json", "JSON", query="format=json"),
    Case("CSV stated to be JSON Lines", GOOD, "not_json", "line 1", query="format=json_lines"),
    Case("CSV stated to be gzip", GOOD, "not_gzip", "gzip", query="compression=gzip"),
    Case("CSV stated to be zstd", GOOD, "not_zstd", "zstd", query="compression=zstd"),
    Case("CSV sent as Parquet", GOOD, "not_parquet", "Parquet", media_type="application/vnd.apache.parquet"),
    Case("CSV sent as JSON", GOOD, "not_json", "JSON", media_type="application/json"),
    Case("CSV in a file named as .npy", GOOD, "not_npy", "npy", media_type="application/octet-stream", file_name="table.npy"),
    Case("CSV in a file named as .parquet", GOOD, "not_parquet", "Parquet", media_type="application/octet-stream", file_name="table.parquet"),
    Case("picture sent as a picture", b"\x89PNG\r\n\x1a\n", "unsupported_media_type", "image/png", media_type="image/png", status=415),
    Case("form of a web page", b"x=1&y=2", "unsupported_media_type", "urlencoded", media_type="application/x-www-form-urlencoded", status=415),
    Case("media type of nonsense", GOOD, "unsupported_media_type", "nonsense", media_type="nonsense", status=415),
]  # fmt: skip

CASES = [*ENCODINGS, *KINDS, *OPTIONS, *FORMATS]
