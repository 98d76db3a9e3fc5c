"""Rows of an uploaded table as the columns of a model."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from engine.data.table import ColumnKind
from service.http.errors import UnsupportedMediaTypeError
from service.runtime.model_cache import ServedModel
from service.serializers.model_columns import ColumnRules
from service.serializers.rows import ReadRows
from service.serializers.table_columns import assign_columns
from service.uploads.request_body import Upload
from store.errors import IntakeError
from store.intake import CellRequest, CellTable, FileHints, Limits, ReadOptions
from store.intake.formats.detect import MEDIA_TYPES
from store.intake.options import Format

MAX_TABLE_ROWS = 100_000
# Rows times columns of the table, including those that are not read: 64 MiB of float64.
MAX_TABLE_CELLS = 2**23
# Bytes after decompression.
MAX_TABLE_BYTES = 2**27
ReadCells: TypeAlias = Callable[[Path, ReadOptions, FileHints, CellRequest, Limits], CellTable]
_HEAD_BYTES = 4096
_BEGIN_OF_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:rows|columns)"')
# Texts of at most this size do not wait for other tables. Each row of JSON Lines may have other
# columns: the cells of a table grow with the square of its size.
SMALL_TABLE_BYTES: Mapping[Format | None, int] = {"csv": 2**16, "json_lines": 2**13}


@dataclass(frozen=True)
class SentTable:
    """A table in a request.

    Attributes:
        upload: the file, of any format of datasets.
        header: whether the first row of CSV holds the column names; None to detect it.
        encoding: text encoding of CSV; None to detect it.
    """

    upload: Upload
    header: bool | None = None
    encoding: str | None = None

    @property
    def is_csv(self) -> bool:
        """Whether the media type is that of CSV or TSV."""
        return MEDIA_TYPES.get(self.upload.media_type) == "csv"

    @property
    def is_small(self) -> bool:
        """Whether the table is small when it is read, too: a short text that is not compressed."""
        upload = self.upload
        most = SMALL_TABLE_BYTES.get(MEDIA_TYPES.get(upload.media_type), 0)
        return upload.bytes <= most and not upload.content_encoding and upload.begins_as_text


def read_table(
    table: SentTable, model: ServedModel, rules: ColumnRules, max_columns: int, read: ReadCells
) -> ReadRows:
    """Return the rows of a table, whose cells are in the notation of the model's dataset.

    Args:
        table: the table.
        model: the model.
        rules: rules for columns that the table lacks, or has besides.
        max_columns: maximum number of columns.
        read: reads the cells, as `store.intake.read_rows`.

    Raises:
        IntakeError: the file cannot be read, or is too large.
        InvalidRowsError: its columns are not those of the model.
        ReadingStoppedError: the table must not be read any further.
        UnsupportedMediaTypeError: the body is JSON, but is stated to be CSV.
    """
    upload, reader = table.upload, model.reader
    _refuse_json(table)
    hints = FileHints(upload.media_type, upload.file_name)
    limits = Limits(
        max_columns,
        max_bytes=MAX_TABLE_BYTES,
        max_table_bytes=MAX_TABLE_BYTES,
        max_cells=MAX_TABLE_CELLS,
        max_rows=MAX_TABLE_ROWS,
        settings={},
    )
    request = CellRequest(
        known=reader.columns.known,
        # It can be pickled: binary formats are read in another process.
        assign=partial(
            assign_columns,
            columns=reader.columns,
            uses=reader.uses,
            shapes=reader.shapes,
            rules=rules,
        ),
        missing_numbers=reader.missing_numbers,
    )
    try:
        cells = read(upload.path, _choose_options(table, model), hints, request, limits)
    except IntakeError as error:
        if error.code == "no_rows" and table.header is None and table.is_csv:
            stated = f"Content-Type: {upload.media_type}; header=absent"
            raise IntakeError(error.code, f"{error}; {stated} reads it as a row") from error
        raise
    return reader.read_columns(cells.columns, cells.rows, rules)


def _refuse_json(table: SentTable) -> None:
    """Raise UnsupportedMediaTypeError if a CSV table is a JSON body, which would be a header."""
    upload = table.upload
    if not table.is_csv or upload.content_encoding or not upload.begins_as_text:
        return
    with upload.path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if _BEGIN_OF_JSON.match(head):
        detail = "the body is JSON: send it with Content-Type: application/json"
        raise UnsupportedMediaTypeError(detail)


def _choose_options(table: SentTable, model: ServedModel) -> ReadOptions:
    kinds: dict[str, ColumnKind] = dict.fromkeys(model.reader.columns.features, "text")
    return ReadOptions(
        encoding=table.encoding,
        compression=table.upload.content_encoding or None,
        decimal="," if model.preprocessing.words.decimal == "," else ".",
        header=table.header,
        # The reader of the cells knows the markers of the model's dataset.
        missing=(),
        # The index of a data frame is not dropped if it is a feature.
        kinds=kinds,
    )
