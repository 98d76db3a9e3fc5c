"""JSON Lines: one JSON object per line, read by pyarrow block by block and spilled as columns.

The first lines, and blocks that pyarrow rejects, are parsed line by line to discover names and
types and to find the line and cause of an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json

from store.errors import IntakeError
from store.intake.batches.arrow_source import BATCH_CELLS, MAX_ROW_BYTES, ArrowSource
from store.intake.batches.spill import BatchSpill
from store.intake.cells.arrow_types import check_row_count
from store.intake.json.columns import JsonColumns, Row, final_schema, raw_columns
from store.intake.json.present_cells import has_values
from store.intake.json.rows import RowShape, parse_line, row_too_long
from store.intake.options import Limits, ReadOptions

BLOCK_BYTES = 2**20
# Maximum bytes of a block parsed line by line, which takes ten times as long.
SLOW_BYTES = 2**15
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
KEY = re.compile(rb'"([^"]*)"\s*:')
CONSTANT = re.compile(rb":\s*-?(?:NaN|Inf)")


@dataclass(frozen=True)
class Block:
    """Complete lines of a file; `line` is the number of the first."""

    text: bytes
    line: int

    def halves(self) -> tuple["Block", "Block"] | None:
        """Split the block at the line end next to its middle; return None for a single line."""
        middle = len(self.text) // 2
        end = self.text.find(b"\n", middle) + 1 or self.text.rfind(b"\n", 0, middle) + 1
        if end in {0, len(self.text)}:
            end = self.text.rfind(b"\n", 0, middle) + 1
        if end == 0:
            return None
        first, second = self.text[:end], self.text[end:]
        return Block(first, self.line), Block(second, self.line + first.count(b"\n"))


def open_json_lines(path: Path, options: ReadOptions, limits: Limits, folder: Path) -> ArrowSource:
    """Read a file of JSON Lines. Raises IntakeError."""
    reader = _Reader(limits)
    spill = BatchSpill(folder / "json_lines.spill", limits.budget("the rows of the file take"))
    rows = 0
    with spill.writing() as writer:
        for block in _blocks(path):
            if limits.max_rows is not None:
                # Counting is a tenth of the time of parsing.
                rows += _count_rows(block.text)
                check_row_count(rows, 0, limits)
            for batch in reader.parse(block):
                writer.write(batch)
    columns = reader.columns
    if len(columns) == 0:
        code = "no_columns" if reader.has_rows else "empty_file"
        raise IntakeError(
            code, "the file is empty or has no columns: one JSON object per line is expected"
        )
    columns.check_written(spill.read_as_written())
    schema = final_schema(columns.schema)
    return ArrowSource(
        columns=raw_columns(schema),
        open_batches=lambda only: spill.read(schema, only),
        stated=options,
        options={"format": "json_lines", "encoding": "utf-8"},
        find_line=lambda row: _find_line(path, row),
    )


def _blocks(path: Path) -> Iterator[Block]:
    line, rest = 1, b""
    with path.open("rb") as file:
        if file.read(len(BYTE_ORDER_MARK)) != BYTE_ORDER_MARK:
            file.seek(0)
        while chunk := file.read(BLOCK_BYTES):
            end = chunk.rfind(b"\n") + 1
            if end:
                block = Block(rest + chunk[:end], line)
                yield block
                line += block.text.count(b"\n")
                rest = chunk[end:]
            else:
                rest += chunk
            if len(rest) > MAX_ROW_BYTES:
                raise row_too_long("line", line, rest)
    if rest:
        yield Block(rest, line)


class _Reader:
    """Parses blocks; keeps the columns found in earlier ones."""

    def __init__(self, limits: Limits) -> None:
        self.columns = JsonColumns(limits, "line")
        self.has_rows = False
        self._limits = limits
        self._shape = RowShape("line")

    def parse(self, block: Block) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a block. Raises IntakeError."""
        self._limits.check_running()
        if block.text.isspace():
            return
        # Short rows in a table of many columns would take far more memory than the block.
        cells = block.text.count(b"\n") * len(self.columns)
        if cells > BATCH_CELLS and (halves := block.halves()):
            for half in halves:
                yield from self.parse(half)
            return
        batch = _parse_fast(block, self.columns)
        if batch is not None:
            self.columns.count_rows(batch.num_rows)
            yield batch
            return
        # Usually only a single row differs from the previous ones.
        if len(block.text) > SLOW_BYTES and (halves := block.halves()):
            self._check_names(block)
            for half in halves:
                yield from self.parse(half)
            return
        rows, lines = self._parse_lines(block)
        self.has_rows = self.has_rows or bool(rows)
        yield from self.columns.build(rows, lines.__getitem__)

    def _check_names(self, block: Block) -> None:
        """Raise IntakeError for too many distinct keys before any row is built."""
        if len(set(KEY.findall(block.text))) > self._limits.max_columns:
            self.columns.add_names(self._parse_lines(block)[0])

    def _parse_lines(self, block: Block) -> tuple[list[Row], list[int]]:
        """Return the rows of a block and their line numbers. Raises IntakeError."""
        rows, lines = [], []
        for number, line in enumerate(block.text.split(b"\n"), start=block.line):
            if line.strip():
                rows.append(self._shape.make_row(parse_line(line, number), number))
                lines.append(number)
        return rows, lines


def _parse_fast(block: Block, columns: JsonColumns) -> pa.RecordBatch | None:
    """Parse a block with pyarrow; return None if it does not fit the columns found so far."""
    if len(columns) == 0 or _has_constants(block.text):
        return None
    try:
        block.text.decode()
        table = pa_json.read_json(
            pa.BufferReader(block.text),
            pa_json.ReadOptions(use_threads=False, block_size=len(block.text) + 1),
            pa_json.ParseOptions(explicit_schema=columns.schema, unexpected_field_behavior="error"),
        )
    except (pa.ArrowInvalid, UnicodeDecodeError):
        return None
    # pyarrow accepts several objects on a line, or one on several lines; JSON Lines does not.
    lines = block.text.count(b"\n") + (not block.text.endswith(b"\n"))
    if table.num_rows != lines and table.num_rows != _count_rows(block.text):
        return None
    batches = table.combine_chunks().to_batches()
    if not batches or _has_infinite(batches[0]) or columns.may_grow(batches[0]):
        return None
    return batches[0]


def _has_constants(text: bytes) -> bool:
    """Whether NaN or Infinity may be used as a number, which pyarrow would accept."""
    return (b"NaN" in text or b"Inf" in text) and CONSTANT.search(text) is not None


def _has_infinite(batch: pa.RecordBatch) -> bool:
    """Whether pyarrow has parsed a number as infinity because it has too many digits."""
    # Of ten thousand columns that most rows lack, the computation would take half of the time.
    numbers = (c for c in batch.columns if has_values(c) and pa.types.is_floating(c.type))
    return any(pc.any(pc.is_inf(column)).as_py() for column in numbers)


def _count_rows(text: bytes) -> int:
    return sum(1 for line in text.split(b"\n") if line.strip())


def _find_line(path: Path, row: int) -> int | None:
    for block in _blocks(path):
        for number, line in enumerate(block.text.split(b"\n"), start=block.line):
            if line.strip():
                if row == 0:
                    return number
                row -= 1
    return None
