"""Row groups of a Parquet file as its footer describes them, checked against the file."""

from pathlib import Path
from typing import NamedTuple

from store.errors import IntakeError
from store.intake.arrow.parquet_footer import TAIL_BYTES, broken
from store.intake.arrow.thrift import I64, LIST, STRUCT, CompactReader

# A column chunk costs some 100 µs; files of wide tables have many chunks, but of many rows.
MAX_SMALL_CHUNKS = 2**15
MIN_GROUP_ROWS = 100

# Ids of fields in the footer's structs FileMetaData, ColumnChunk and ColumnMetaData.
_ROW_GROUPS = 4
_COLUMN_METADATA = 3
_VALUES, _COMPRESSED_BYTES, _DATA_START, _DICTIONARY_START = 5, 7, 9, 11


class Chunk(NamedTuple):
    """A column of a row group.

    Attributes:
        start: offset of its first page.
        compressed: bytes of its pages in the file.
        values: number of its values, including nulls.
    """

    start: int
    compressed: int
    values: int


class Group(NamedTuple):
    """A row group."""

    rows: int
    chunks: list[Chunk]


def read_groups(path: Path, columns: int) -> list[Group]:
    """Return the row groups of a file of `columns` columns whose tail is valid.

    pyarrow ends the process where a column chunk of a footer is inconsistent, so its objects for
    column chunks are not used. Raises IntakeError if the footer contradicts the file.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(size - TAIL_BYTES)
        length = int.from_bytes(file.read(4), "little")
        file.seek(size - TAIL_BYTES - length)
        footer = CompactReader(file.read(length))
    try:
        for field, kind in footer.fields():
            if (field, kind) == (_ROW_GROUPS, LIST):
                return _read_groups(footer, columns, size)
            footer.skip(kind)
    except (IndexError, ValueError) as error:
        raise broken("its footer cannot be read") from error
    return []


def _read_groups(footer: CompactReader, columns: int, size: int) -> list[Group]:
    groups: list[Group] = []
    rows = 0
    for index in range(footer.items(STRUCT)):
        group = _read_group(footer)
        _check_group(group, index, columns, size)
        groups.append(group)
        rows += group.rows
        _check_chunk_count(len(groups) * columns, len(groups), rows)
    return groups


def _read_group(footer: CompactReader) -> Group:
    rows, chunks = 0, []
    for field, kind in footer.fields():
        if (field, kind) == (1, LIST):
            chunks = [_read_chunk(footer) for _ in range(footer.items(STRUCT))]
        elif (field, kind) == (3, I64):
            rows = footer.integer()
        else:
            footer.skip(kind)
    return Group(rows, chunks)


def _read_chunk(footer: CompactReader) -> Chunk:
    found: dict[int, int] = {}
    for field, kind in footer.fields():
        if (field, kind) != (_COLUMN_METADATA, STRUCT):
            footer.skip(kind)
            continue
        for inner, inner_kind in footer.fields():
            if inner_kind == I64:
                found[inner] = footer.integer()
            else:
                footer.skip(inner_kind)
    start, dictionary = found.get(_DATA_START, -1), found.get(_DICTIONARY_START, 0)
    if dictionary:
        start = min(start, dictionary)
    return Chunk(start, found.get(_COMPRESSED_BYTES, -1), found.get(_VALUES, -1))


def _check_group(group: Group, index: int, columns: int, size: int) -> None:
    where = f"row group {index}"
    if group.rows < 0:
        raise broken(f"{where} claims {group.rows} rows")
    if len(group.chunks) != columns:
        raise broken(f"{where} claims {len(group.chunks)} columns, but the file {columns}")
    for chunk in group.chunks:
        if chunk.start < 0 or not 0 <= chunk.compressed <= size - chunk.start:
            raise broken(f"a column of {where} lies outside the file")
        if chunk.values != group.rows:
            values = f"a column of {where} claims {chunk.values} values"
            raise broken(f"{values}, but the row group {group.rows} rows")


def _check_chunk_count(chunks: int, groups: int, rows: int) -> None:
    """Raise IntakeError if row groups are many and of few rows: each costs time and memory."""
    if chunks > MAX_SMALL_CHUNKS and rows < MIN_GROUP_ROWS * groups:
        detail = (
            f"the row groups of the Parquet file have fewer than {MIN_GROUP_ROWS} rows on average, "
            f"and more than {MAX_SMALL_CHUNKS} column chunks together: write larger row groups"
        )
        raise IntakeError("row_groups_too_small", detail)


def check_rows(groups: list[Group], claimed: int) -> None:
    """Raise IntakeError if the file claims other rows than its row groups."""
    rows = sum(group.rows for group in groups)
    if rows != claimed:
        raise broken(f"it claims {claimed} rows, but its row groups {rows}")
