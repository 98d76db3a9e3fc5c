"""Translation of OSError into store errors, for all code that writes files."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from store.errors import StorageFullError, StoreUnavailableError

# Disk full, quota exceeded, file size limit of the process exceeded.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Native libraries report errno only in the text of the error.
_NUMBER = re.compile(r"\(os error (\d+)\)")


def is_disk_full(error: Exception) -> bool:
    """Return whether the error means that the disk is full."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    found = _NUMBER.search(str(error))
    return found is not None and int(found[1]) in _FULL


def storage_error(where: str, error: Exception) -> StoreUnavailableError:
    """Return the store error for an OS error, to be raised from it."""
    # First line only: some libraries append their own trace.
    text = f"{where}: {str(error).partition(chr(10))[0]}"
    return StorageFullError(text) if is_disk_full(error) else StoreUnavailableError(text)


@contextmanager
def translate_disk_errors(where: str) -> Iterator[None]:
    """Raise an OSError of the block as StorageFullError or StoreUnavailableError."""
    try:
        yield
    except OSError as error:
        # No errno: raised by the reader of a damaged file, not by the OS.
        if error.errno is None:
            raise
        raise storage_error(where, error) from error
