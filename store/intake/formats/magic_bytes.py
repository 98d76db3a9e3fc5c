"""Identification of files by their first bytes."""

import zipfile
from pathlib import Path
from typing import Literal

from store.intake.formats.compression import MAGIC
from store.intake.options import Format

# Bytes read for identification.
HEAD_BYTES = 2**16
# Maximum size of a zip archive's directory; larger ones are not read.
MAX_DIRECTORY_BYTES = 2**22
END_OF_DIRECTORY = b"PK\x05\x06"
END_BYTES = 22
ZIP = (b"PK\x03\x04", END_OF_DIRECTORY)
ARCHIVE = "a zip archive"
NUMPY = b"\x93NUMPY"
# A stream begins with a continuation marker before the length of its schema.
ARROW_STREAM = b"\xff\xff\xff\xff"

FORMATS: dict[bytes, Format] = {
    b"PAR1": "parquet",
    b"PARE": "parquet",
    b"ARROW1": "arrow",
    NUMPY: "npy",
}
OTHER_FORMATS: dict[bytes, str] = {
    b"\x89PNG\r\n\x1a\n": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF87a": "a GIF image",
    b"GIF89a": "a GIF image",
    b"II*\0": "a TIFF image",
    b"MM\0*": "a TIFF image",
    b"%PDF-": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook or Office document: save it as CSV",
    b"SQLite format 3\0": "an SQLite database",
    b"\x7fELF": "an executable program",
    b"BZh": "a bzip2 file: use gzip or zstd",
    b"\xfd7zXZ\0": "an xz file: use gzip or zstd",
    b"\x04\x22\x4d\x18": "an lz4 file: use gzip or zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive",
    b"Rar!\x1a\x07": "a RAR archive",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file: save it as Parquet or .npz",
    b"MATLAB 5.0 MAT-file": "a MATLAB file: save it as .npz",
    b"Obj\x01": "an Avro file: save it as Parquet",
    b"ORC": "an ORC file: save it as Parquet",
    b"FEA1": "a Feather file of version 1: save it as Parquet or in version 2",
    b"<?xml": "an XML document",
    b"<!doctype html": "an HTML page",
    b"<html": "an HTML page",
}
# Magic bytes of letters identify binary files only, because a CSV file may begin with them.
ASCII_MAGIC = frozenset({b"BZh", b"ORC"})
# Markup is matched in any case and after blanks.
MARKUP = (b"<?xml", b"<!doctype html", b"<html")


def is_text(head: bytes) -> bool:
    """Whether a file's first bytes are of neither a compressed nor a supported binary format."""
    return not head.startswith((*MAGIC, *FORMATS, *ZIP, ARROW_STREAM))


def find_binary_format(head: bytes, path: Path) -> Format | None:
    """Return the supported binary format indicated by a file's first bytes."""
    for magic, found in FORMATS.items():
        if head.startswith(magic):
            return found
    if head.startswith(ARROW_STREAM):
        return "arrow"
    if head.startswith(ZIP) and _is_archive_of_arrays(path):
        return "npz"
    return None


def describe_other_format(head: bytes, path: Path) -> str | None:
    """Describe a file of an unsupported format and how to convert it; None if unknown."""
    if head.startswith(ZIP):
        return _describe_archive(path)
    markup = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].lower()
    for magic, found in OTHER_FORMATS.items():
        if magic in MARKUP:
            if markup.startswith(magic):
                return found
        elif head.startswith(magic) and (magic not in ASCII_MAGIC or not _has_letters(head)):
            return found
    return None


def read_head(path: Path) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def list_members(path: Path) -> list[zipfile.ZipInfo] | Literal["many", "broken"]:
    """Return the members of a zip archive, "many" if its directory is too large, or "broken"."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(0, size - END_BYTES - 2**16))
        tail = file.read()
    end = tail.rfind(END_OF_DIRECTORY)
    if end < 0 or len(tail) - end < END_BYTES:
        return "broken"
    # The size is checked first: a directory may be as large as the file.
    if int.from_bytes(tail[end + 12 : end + 16], "little") > MAX_DIRECTORY_BYTES:
        return "many"
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, UnicodeDecodeError, OSError):
        return "broken"


def _is_archive_of_arrays(path: Path) -> bool:
    members = list_members(path)
    return isinstance(members, list) and any(m.filename.endswith(".npy") for m in members)


def _describe_archive(path: Path) -> str:
    members = list_members(path)
    if not isinstance(members, list):
        return f"{ARCHIVE}, cut off or broken" if members == "broken" else ARCHIVE
    names = [member.filename for member in members]
    if any(name.startswith("xl/") for name in names):
        return "an Excel workbook: save it as CSV or Parquet"
    if any(name.startswith("word/") for name in names):
        return "a Word document (a zip archive): save its table as CSV"
    if "content.xml" in names:
        return "an OpenDocument file (a zip archive): save it as CSV"
    return f"{ARCHIVE}: send the file inside it, uncompressed or compressed with gzip or zstd"


def _has_letters(head: bytes) -> bool:
    return not any(byte < 9 for byte in head[:64])
