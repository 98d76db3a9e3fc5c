"""Format detection by stated format, media type, name and first bytes, in this order.

The first bytes override the media type and name for binary formats and files that are not tables.
"""

import json
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from store.datasets.columns import Notice
from store.errors import IntakeError
from store.intake.formats.compression import find_compression, read_decompressed_head
from store.intake.formats.magic_bytes import (
    ARCHIVE,
    HEAD_BYTES,
    describe_other_format,
    find_binary_format,
    read_head,
)
from store.intake.options import Compression, FileHints, Format, ReadOptions

MEDIA_TYPES: dict[str, Format | None] = {
    "text/csv": "csv",
    "application/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "json_lines",
    "application/ndjson": "json_lines",
    "application/jsonl": "json_lines",
    "application/json": "json",
    "application/vnd.apache.parquet": "parquet",
    "application/x-parquet": "parquet",
    "application/vnd.apache.arrow.file": "arrow",
    "application/vnd.apache.arrow.stream": "arrow",
    "application/x-npy": "npy",
    "application/x-npz": "npz",
    "application/gzip": None,
    "application/x-gzip": None,
    "application/zstd": None,
    "application/octet-stream": None,
}
# Media types that an upload may have.
known_media_types: frozenset[str] = frozenset(MEDIA_TYPES)
COMPRESSED_TYPES: dict[str, Compression] = {
    "application/gzip": "gzip",
    "application/x-gzip": "gzip",
    "application/zstd": "zstd",
}
TAB_TYPES = frozenset({"text/tab-separated-values"})
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".npy": "npy",
    ".npz": "npz",
}
TAB_SUFFIXES = frozenset({".tsv", ".tab"})
COMPRESSED_SUFFIXES: dict[str, Compression] = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
FORMAT_NAMES: dict[Format, str] = {
    "csv": "a CSV file",
    "json_lines": "JSON Lines",
    "json": "a JSON document",
    "parquet": "a Parquet file",
    "arrow": "an Arrow file or stream",
    "npy": "an .npy file",
    "npz": "an .npz archive",
}
JSON = re.compile(rb"[{\[]")
# The start of a JSON object or array that cannot be a column name in a CSV header.
OPENING = re.compile(rb"\{\s*[\"}]|\[\s*[\[{\]]")
COLUMNAR: frozenset[Format] = frozenset({"parquet", "arrow"})
BINARY: frozenset[Format] = frozenset({"parquet", "arrow", "npy", "npz"})


def is_columnar(path: Path) -> bool:
    """Whether the first bytes of a file, compressed or not, are of Parquet or Arrow."""
    head = read_head(path)
    compression = find_compression(head)
    if compression is not None:
        head = read_decompressed_head(path, compression, HEAD_BYTES)
    return find_binary_format(head, path) in COLUMNAR


def choose_compression(
    head: bytes, options: ReadOptions, hints: FileHints
) -> tuple[Compression, list[Notice]]:
    """Return the compression and notices. Raises IntakeError if it is not the declared one."""
    found = find_compression(head) or "none"
    stated = options.compression
    if stated is None:
        hinted = COMPRESSED_TYPES.get(hints.media_type) or COMPRESSED_SUFFIXES.get(_suffix(hints))
        # A media type of a compression is as binding as a stated compression.
        stated = COMPRESSED_TYPES.get(hints.media_type)
        if stated is None and hinted is not None and found != hinted:
            detail = f"the file's name indicates {hinted}, but its first bytes do not: name ignored"
            return found, [Notice("misleading_name", detail)]
    if stated is not None and found != stated:
        if stated == "none":
            detail = f"the file is declared to be uncompressed, but is compressed with {found}"
            raise IntakeError(f"compressed_by_{found}", detail)
        detail = f"the file is declared to be compressed with {stated}, but its first bytes are not"
        raise IntakeError(f"not_{stated}", detail)
    return found, []


def choose_format(
    path: Path, options: ReadOptions, hints: FileHints
) -> tuple[Format, list[Notice]]:
    """Return the file's format and notices.

    Raises IntakeError if the file does not have the declared format or a supported one.
    """
    head = read_head(path)
    binary, other = find_binary_format(head, path), describe_other_format(head, path)
    stated = options.format
    hinted = MEDIA_TYPES.get(hints.media_type) or SUFFIXES.get(_suffix(hints))
    declared = stated or hinted
    if binary is not None and binary != declared and stated is None:
        if declared is None:
            return binary, []
        return binary, [_misleading_type(declared, binary)]
    if declared == "npz" and binary is None and other is not None and other.startswith(ARCHIVE):
        return "npz", []
    if declared in BINARY and binary != declared:
        raise _wrong_format(declared, FORMAT_NAMES[binary] if binary else other)
    if other is not None and binary is None:
        raise IntakeError("not_a_table", f"the file is {other}")
    if stated is not None or binary is not None:
        return stated or binary or "csv", []
    return _choose_text_format(head, hinted)


def _wrong_format(declared: Format, found: str | None) -> IntakeError:
    what = "does not begin as one" if found is None else f"is {found}"
    is_other = found is not None and found not in FORMAT_NAMES.values()
    code = "not_a_table" if is_other else f"not_{declared}"
    return IntakeError(code, f"the file is declared to be {FORMAT_NAMES[declared]}, but {what}")


def _choose_text_format(head: bytes, hinted: Format | None) -> tuple[Format, list[Notice]]:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if hinted == "csv":
        return "csv", []
    found = _find_json(text, hinted)
    if hinted is None:
        return found or "csv", []
    if found is None or found == hinted:
        return hinted, []
    return found, [_misleading_type(hinted, found)]


def _misleading_type(declared: Format, found: Format) -> Notice:
    names = f"{FORMAT_NAMES[declared]}, but it is {FORMAT_NAMES[found]}"
    detail = f"the file is declared to be {names} and is read as such"
    return Notice("misleading_type", detail)


def _find_json(text: bytes, hinted: Format | None) -> Format | None:
    """Return "json" or "json_lines" if a text begins as a document or as rows on lines."""
    if JSON.match(text) is None:
        return None
    line, _, rest = text.partition(b"\n")
    value = _parse(line)
    if value is None:
        if hinted == "json_lines":
            return hinted
        return None if OPENING.match(text) is None else "json"
    if isinstance(value, list):
        # A line that is a row has others after it; nothing follows a single-line document.
        is_row = rest.strip() and not any(isinstance(cell, list | dict) for cell in value)
        return "json_lines" if is_row else "json"
    is_column = [isinstance(cell, list | dict) for cell in value.values()]
    return "json" if not rest.strip() and (any(is_column) or not value) else "json_lines"


def _parse(line: bytes) -> Any:  # noqa: ANN401
    try:
        value = json.loads(line, parse_int=float)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _suffix(hints: FileHints) -> str:
    return PurePosixPath(hints.name).suffix.lower()


def is_tab_separated(hints: FileHints) -> bool:
    """Whether the media type or name indicates tab-separated values."""
    return hints.media_type in TAB_TYPES or _suffix(hints) in TAB_SUFFIXES


def without_compression(hints: FileHints) -> FileHints:
    """Return the hints for the decompressed file."""
    name = hints.name
    if _suffix(hints) in COMPRESSED_SUFFIXES:
        name = str(PurePosixPath(name).with_suffix(""))
    return replace(hints, name=name)
