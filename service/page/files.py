"""The files of `service/static`, with their media types and compressed."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

# The registry of the operating system has other media types on some machines.
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    "": "text/plain; charset=utf-8",
}
HASH_DIGITS = 16
# Copies of libraries are served as they are: their comments are their licences.
VENDOR = "vendor/"
_COMMENT = re.compile(rb"^[ \t]*(?:/\*.*?\*/|//[^\n]*)", re.DOTALL | re.MULTILINE)
_INDENTATION = re.compile(rb"^[ \t]+", re.MULTILINE)
_SHORTENED = (".css", ".js")


@dataclass(frozen=True)
class File:
    """A file of the page.

    Attributes:
        content: its bytes.
        compressed: the same, compressed with gzip; None if that is not smaller.
        media_type: its media type.
    """

    content: bytes
    compressed: bytes | None
    media_type: str


def read_files(folder: Path) -> dict[str, File]:
    """Read all files below a folder, by path. Hidden files, such as those of editors, are not."""
    return {
        path.relative_to(folder).as_posix(): make_file(_read(path, folder), path.suffix)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in MEDIA_TYPES and not path.name.startswith(".")
    }


def _read(path: Path, folder: Path) -> bytes:
    content = path.read_bytes()
    is_own = not path.relative_to(folder).as_posix().startswith(VENDOR)
    return shorten(content) if is_own and path.suffix in _SHORTENED else content


def shorten(source: bytes) -> bytes:
    """Return a script or style sheet without the comments that begin a line, and not indented.

    They are a sixth of the compressed size of the scripts. Lines keep their numbers, for errors
    that the browser reports.
    """
    bare = _COMMENT.sub(lambda comment: b"\n" * comment[0].count(b"\n"), source)
    return _INDENTATION.sub(b"", bare)


def make_file(content: bytes, suffix: str) -> File:
    """Compress the content of a file and find its media type."""
    # Without a time, equal files have equal bytes in every process.
    compressed = gzip.compress(content, mtime=0)
    is_smaller = len(compressed) < len(content)
    return File(content, compressed if is_smaller else None, MEDIA_TYPES[suffix])


def hash_files(files: Mapping[str, File]) -> str:
    """Return the first digits of one SHA-256 of all paths and contents."""
    digest = sha256()
    for path, file in sorted(files.items()):
        digest.update(f"{path}\0{len(file.content)}\0".encode())
        digest.update(file.content)
    return digest.hexdigest()[:HASH_DIGITS]
