"""Open a file of any format as a table source."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, assert_never

import pyarrow as pa

from store.datasets.columns import Notice
from store.errors import IntakeError
from store.intake.arrow.ipc import open_arrow
from store.intake.arrow.parquet import open_parquet
from store.intake.csv.source import open_csv_source
from store.intake.formats.compression import decompress
from store.intake.formats.detect import (
    choose_compression,
    choose_format,
    is_tab_separated,
    without_compression,
)
from store.intake.formats.magic_bytes import read_head
from store.intake.json.documents import open_json_document
from store.intake.json.lines import open_json_lines
from store.intake.npy.archives import open_npz
from store.intake.npy.arrays import open_npy
from store.intake.options import FileHints, Format, Limits, ReadOptions
from store.intake.source import RawColumn, Reading, TableSource


def open_source(
    path: Path, options: ReadOptions, hints: FileHints, limits: Limits, folder: Path
) -> TableSource:
    """Open a file as a source; decompressed data go to `folder`.

    Raises IntakeError, ReadingStoppedError.
    """
    limits.check_running()
    if path.stat().st_size == 0:
        raise IntakeError("empty_file", "the file is empty")
    compression, notices = choose_compression(read_head(path), options, hints)
    if compression != "none":
        inner = folder / "decompressed"
        decompress(path, compression, inner, limits)
        path, hints = inner, without_compression(hints)
        if path.stat().st_size == 0:
            raise IntakeError("empty_file", "the file is empty")
    file_format, format_notices = choose_format(path, options, hints)
    options = replace(options, format=file_format, compression=compression)
    if file_format == "csv" and options.delimiter is None and is_tab_separated(hints):
        options = replace(options, delimiter="\t")
    source = _open(path, file_format, options, limits, folder)
    found = {**source.options, "format": file_format, "compression": compression}
    return _OpenedSource(source, found, (*notices, *format_notices, *source.notices), limits)


def _open(  # noqa: PLR0911  (one per format)
    path: Path, file_format: Format, options: ReadOptions, limits: Limits, folder: Path
) -> TableSource:
    match file_format:
        case "csv":
            return open_csv_source(path, options, limits)
        case "json_lines":
            return open_json_lines(path, options, limits, folder)
        case "json":
            return open_json_document(path, options, limits, folder)
        case "parquet":
            return open_parquet(path, options, limits, folder)
        case "arrow":
            return open_arrow(path, options, limits)
        case "npy":
            return open_npy(path, options, limits)
        case "npz":
            return open_npz(path, options, limits, folder)
        case _:
            assert_never(file_format)


@dataclass(frozen=True)
class _OpenedSource:
    """A source with the options and notices of detection, which stops if its limits require it."""

    source: TableSource
    options: Mapping[str, Any]
    notices: Sequence[Notice]
    limits: Limits

    @property
    def columns(self) -> Sequence[RawColumn]:
        return self.source.columns

    @property
    def row_shape(self) -> tuple[int, ...] | None:
        return self.source.row_shape

    def batches(self, readings: Sequence[Reading | None]) -> Iterator[pa.RecordBatch]:
        for batch in self.source.batches(readings):
            self.limits.check_running()
            yield batch

    def explain(self, column: int, text: str, expected: str) -> Exception:
        return self.source.explain(column, text, expected)
