"""Detect the dialect and encoding of a CSV file, or validate those stated by the client."""

from dataclasses import dataclass
from pathlib import Path

from store.datasets.columns import Notice
from store.errors import FileLocation, IntakeError
from store.intake.cells.column_names import check_column_count
from store.intake.csv.dialect import (
    DELIMITERS,
    MAX_RECORDS,
    detect_decimal,
    detect_delimiter,
    detect_header,
    detect_quote,
    take_records,
)
from store.intake.csv.encodings import (
    check_encoding,
    complete_encoding,
    decode_head,
    detect_encoding,
)
from store.intake.csv.errors import unclosed_quote
from store.intake.csv.records import Dialect, EndlessCellError, Record, read_lines, split_records
from store.intake.csv.scan import (
    MAX_ROW_BYTES,
    FileScan,
    WrongEncodingError,
    row_too_long,
    scan_file,
)
from store.intake.options import Limits, ReadOptions

HEAD_BYTES = 2**20
SINGLE_BYTE = ("cp1252", "latin-1")
_NO_HEADER = Notice(
    "no_header", "the first row holds values: columns are named column_1, column_2, …"
)
_DOUBTFUL_COMMAS = Notice(
    "doubtful_commas",
    "commas in numbers may be decimal marks or thousands separators: they are read as text; "
    "state decimal",
)


@dataclass(frozen=True)
class Detected:
    """Detected format of a CSV file.

    Attributes:
        dialect: encoding, delimiter and quote.
        decimal: decimal mark of numbers.
        header: whether the first row holds the column names.
        names: column names, generated if there is no header.
        blank_lines: number of blank lines before the first row.
        scan: result of the scan of all bytes.
        notices: notices of guesses.
    """

    dialect: Dialect
    decimal: str
    header: bool
    names: tuple[str, ...]
    blank_lines: int
    scan: FileScan
    notices: tuple[Notice, ...]


def detect_csv(path: Path, options: ReadOptions, limits: Limits) -> Detected:
    """Detect the options that are not stated. Raises IntakeError."""
    head, is_whole = _read_head(path)
    encoding, is_certain = _find_encoding(head, options)
    text = _decode(head, encoding, options, limits, is_whole=is_whole)
    quote = options.quote if options.quote is not None else detect_quote(text)
    scan, encoding, notices = _scan(path, encoding, quote, is_certain=is_certain)
    delimiter = options.delimiter or detect_delimiter(text, quote)
    _check_delimiter(delimiter, quote)
    dialect = Dialect(encoding, delimiter, quote)
    first = _read_first(text, dialect, scan, is_whole=is_whole)
    check_column_count(len(first.cells), limits.max_columns)
    rows = _read_rows(text, dialect, is_whole=is_whole) or [first.cells]
    header = options.header if options.header is not None else detect_header(rows)
    if header and len(rows) == 1 and is_whole:
        raise IntakeError("no_rows", "the file has a header but no rows")
    decimal, is_doubtful = detect_decimal(rows[1:] if header else rows)
    if options.header is None and not header:
        notices.append(_NO_HEADER)
    if options.decimal is None and is_doubtful:
        notices.append(_DOUBTFUL_COMMAS)
    return Detected(
        dialect=dialect,
        decimal=options.decimal or decimal,
        header=header,
        names=tuple(first.cells if header else _number_columns(len(first.cells))),
        blank_lines=first.line - 1,
        scan=scan,
        notices=tuple(notices),
    )


def _read_head(path: Path) -> tuple[bytes, bool]:
    """Return the first bytes, more if they hold no line end, and whether the file ends there."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        if b"\n" not in head and b"\r" not in head:
            head += file.read(MAX_ROW_BYTES - len(head))
        return head, not file.read(1)


def _find_encoding(head: bytes, options: ReadOptions) -> tuple[str, bool]:
    """Return the encoding and whether it is certain: stated or given by a byte order mark."""
    if options.encoding is None:
        return detect_encoding(head)
    return complete_encoding(check_encoding(options.encoding), head), True


def _decode(
    head: bytes, encoding: str, options: ReadOptions, limits: Limits, *, is_whole: bool
) -> str:
    """Decode the head. Raises IntakeError if it is empty or its first line is too long."""
    text = decode_head(head, encoding, is_whole=is_whole)
    if not text.strip("\r\n"):
        raise IntakeError("empty_file", "the file is empty: a header and rows are expected")
    if not is_whole and "\n" not in text and "\r" not in text:
        if "\0" in text:
            raise IntakeError("not_csv", "line 1 holds NUL bytes: the file is not a CSV file")
        candidates = [options.delimiter] if options.delimiter else DELIMITERS
        check_column_count(max(map(text.count, candidates)) + 1, limits.max_columns)
        raise row_too_long(1)
    return text


def _scan(
    path: Path, encoding: str, quote: str, *, is_certain: bool
) -> tuple[FileScan, str, list[Notice]]:
    """Scan all bytes; if the encoding is not certain, fall back to single-byte encodings."""
    encodings = [encoding] if is_certain else [encoding, *SINGLE_BYTE]
    for tried in encodings:
        try:
            scan = scan_file(path, tried, quote)
        except WrongEncodingError as error:
            wrong = error
            continue
        guessed = not is_certain and tried in SINGLE_BYTE
        return scan, tried, [_guessed_encoding(tried)] if guessed else []
    detail = f"line {wrong.line} is not {encoding} text"
    raise IntakeError(
        "wrong_encoding", detail, FileLocation(wrong.line, expected=f"{encoding} text")
    )


def _guessed_encoding(encoding: str) -> Notice:
    detail = f"the file is not UTF-8: it is read as {encoding}, which is a guess"
    return Notice("guessed_encoding", detail)


def _check_delimiter(delimiter: str, quote: str) -> None:
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in f"{quote}\r\n\0":
        detail = f"{delimiter[:10]!r} cannot be a delimiter: one ASCII character is expected"
        raise IntakeError("invalid_delimiter", detail)


def _read_first(text: str, dialect: Dialect, scan: FileScan, *, is_whole: bool) -> Record:
    """Return the first row that is not blank. Raises IntakeError if it does not end."""
    records = split_records(read_lines(text), dialect.delimiter, dialect.quote)
    try:
        first = next(records)
    except EndlessCellError as error:
        raise _endless(error.line, scan) from error
    try:
        has_more = next(records, None) is not None
    except EndlessCellError:
        has_more = True
    is_cut = not has_more and "\n" in first.cells[-1]
    if is_cut and (not is_whole or scan.quotes % 2):
        raise _endless(first.line, scan)
    return first


def _endless(line: int, scan: FileScan) -> IntakeError:
    return unclosed_quote(line) if scan.quotes % 2 else row_too_long(line)


def _read_rows(text: str, dialect: Dialect, *, is_whole: bool) -> list[list[str]]:
    """Return the first rows, without the last one if it may be truncated."""
    rows = [record.cells for record in take_records(text, dialect.delimiter, dialect.quote)]
    return rows if is_whole or len(rows) == MAX_RECORDS else rows[:-1]


def _number_columns(count: int) -> list[str]:
    return [f"column_{number}" for number in range(1, count + 1)]
