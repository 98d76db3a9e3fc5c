"""How a file is to be read: what a client states, and what was found where nothing is stated."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.data.table import ColumnKind

Format = Literal["csv", "json_lines", "json", "parquet", "arrow", "npy", "npz"]
Compression = Literal["none", "gzip", "zstd"]
Quote = Literal['"', "'", ""]

# Taken for boolean only when the client says that they are.
STATED_TRUE = ("true", "t", "yes", "y", "on", "1", "1.0")
STATED_FALSE = ("false", "f", "no", "n", "off", "0", "0.0")


@dataclass(frozen=True)
class ReadOptions:
    """As stated, None being to be detected; as answered, with nothing left to detect.

    Attributes:
        format: of the file; TSV is csv with a tab.
        compression: around it.
        encoding: of text, by Python's name: utf-8, utf-16, latin-1, cp1252.
        delimiter: between the cells of a CSV file, one character.
        quote: around cells of a CSV file; empty for none.
        decimal: "." or ",": before the fraction of a number in a CSV file.
        header: whether a CSV file's first line names its columns.
        missing: texts that stand for a missing value, besides an empty cell.
        kinds: what columns are taken for, by their names; others are found out.
    """

    format: Format | None = None
    compression: Compression | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: Quote | None = None
    decimal: Literal[".", ","] | None = None
    header: bool | None = None
    missing: tuple[str, ...] | None = None
    kinds: dict[str, ColumnKind] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {**asdict(self), "missing": None if self.missing is None else list(self.missing)}


@dataclass(frozen=True)
class FileHints:
    """What a client's words say of a file's format, after what it states and before its bytes."""

    media_type: str = ""
    name: str = ""


@dataclass(frozen=True)
class Limits:
    """What is refused: more columns, more bytes once decompressed, more columns times rows."""

    max_columns: int = 10_000
    max_bytes: int = 2 * 2**30
