"""Conversion of an uploaded file of any format to a column file with column statistics.

A source yields batches of raw columns (`open_source`); the first rows determine how each column is
read (`convert.plan`); then batches are converted, written and counted one at a time (`read`).
Memory use does not grow with the file.

pyarrow and the modules that use it are imported by the thread that reads the first file: the import
takes a quarter of a second and 30 MiB, which a process that reads no file need not spend.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from store.blobs.disk_errors import translate_disk_errors
from store.errors import IntakeError
from store.intake.cell_table import CellRequest, CellTable
from store.intake.options import FileHints, Limits, ReadOptions
from store.intake.results import Preview, TableContents

__all__ = [
    "CellRequest",
    "CellTable",
    "FileHints",
    "Limits",
    "Preview",
    "ReadOptions",
    "TableContents",
    "preview_table",
    "read_rows",
    "read_table",
]


@translate_disk_errors("intake")
def read_table(
    source: Path, target: Path, options: ReadOptions, hints: FileHints, limits: Limits
) -> TableContents:
    """Read a file and write its column file; temporary files are deleted even on failure.

    Raises IntakeError, StoreUnavailableError.
    """
    from store.intake.open_source import open_source
    from store.intake.read import read_source

    limits = limits.for_file(source)
    with TemporaryDirectory(dir=target.parent, prefix="intake-") as folder:
        opened = open_source(source, options, hints, limits, Path(folder))
        return read_source(opened, target, options, limits)


@translate_disk_errors("intake")
def read_rows(
    source: Path, options: ReadOptions, hints: FileHints, request: CellRequest, limits: Limits
) -> CellTable:
    """Read the cells of columns whose kinds are known into memory.

    Raises IntakeError, StoreUnavailableError, and what `request.assign` raises.
    """
    from store.intake.open_source import open_source
    from store.intake.read_cells import read_cells

    limits = limits.for_file(source)
    with TemporaryDirectory(dir=source.parent, prefix="rows-") as folder:
        return read_cells(
            lambda how: open_source(source, how, hints, limits, Path(folder)),
            options,
            limits,
            request,
        )


@translate_disk_errors("intake")
def preview_table(source: Path, options: ReadOptions, hints: FileHints, limits: Limits) -> Preview:
    """Preview a file's first rows; its last line may be truncated.

    Raises IntakeError, StoreUnavailableError.
    """
    from store.intake.preview import drop_last_line

    limits = limits.for_file(source)
    try:
        return _preview(source, options, hints, limits)
    except IntakeError as error:
        with TemporaryDirectory(dir=source.parent, prefix="preview-") as folder:
            shortened = Path(folder) / "shortened"
            if not drop_last_line(source, shortened):
                raise
            try:
                return _preview(shortened, options, hints, limits)
            except IntakeError:
                raise error from None


def _preview(source: Path, options: ReadOptions, hints: FileHints, limits: Limits) -> Preview:
    from store.intake.open_source import open_source
    from store.intake.preview import preview_source

    with TemporaryDirectory(dir=source.parent, prefix="preview-") as folder:
        opened = open_source(source, options, hints, limits, Path(folder))
        return preview_source(opened, options, limits)
