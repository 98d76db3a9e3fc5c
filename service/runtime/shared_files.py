"""Temporary files that several responses read at once."""

import os
import tempfile
from collections.abc import Callable
from io import RawIOBase
from pathlib import Path
from threading import Lock
from typing import IO, BinaryIO, cast
from weakref import WeakValueDictionary


class _SharedFile:
    """A temporary file, which is deleted with the last reference to it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.file: IO[bytes] | None = None

    def __del__(self) -> None:
        if self.file is not None:
            self.file.close()


class SharedFiles:
    """Files by their content's hash: a file exists once, however many read it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._files: WeakValueDictionary[str, _SharedFile] = WeakValueDictionary()

    def open(self, key: str, folder: Path, write: Callable[[BinaryIO], None]) -> BinaryIO:
        """Return a reader of the file with this key, at its beginning.

        Args:
            key: hash of the content.
            folder: folder of the file; it is created if needed.
            write: writes the content; called if the file has no reader yet. An exception of it is
                passed on, and the file is deleted.
        """
        with self._lock:
            shared = self._files.get(key)
            if shared is None:
                shared = self._files[key] = _SharedFile()
        with shared.lock:
            if shared.file is None:
                shared.file = _write_file(folder, write)
        return cast("BinaryIO", _Reader(shared, shared.file.fileno()))


def _write_file(folder: Path, write: Callable[[BinaryIO], None]) -> IO[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - its readers keep it open
    try:
        write(cast("BinaryIO", file))
        file.flush()
    except BaseException:
        file.close()
        raise
    return file


class _Reader(RawIOBase):
    """Reads a shared file at a position of its own."""

    def __init__(self, shared: _SharedFile, descriptor: int) -> None:
        self._shared: _SharedFile | None = shared
        self._descriptor = descriptor
        self._position = 0

    def close(self) -> None:
        """Give the file up; the last reader deletes it."""
        super().close()
        self._shared = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Set the position, and return it."""
        if whence == os.SEEK_CUR:
            offset += self._position
        elif whence == os.SEEK_END:
            offset += os.fstat(self._descriptor).st_size
        self._position = offset
        return offset

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the position on; return the number of bytes."""
        count = os.preadv(self._descriptor, [buffer], self._position)
        self._position += count
        return count
