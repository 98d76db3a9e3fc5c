"""What the disk refuses, in the store's words: one way for all that is written to files."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from store.errors import StorageFullError, StoreUnavailableError

# A full disk, a used-up quota, a file larger than this process may write.
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# Libraries that are not Python's tell the system's number in their text alone.
_NUMBER = re.compile(r"\(os error (\d+)\)")


def is_disk_full(error: Exception) -> bool:
    """Whether an error means that there is no room left."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    found = _NUMBER.search(str(error))
    return found is not None and int(found[1]) in _FULL


def storage_error(where: str, error: Exception) -> StoreUnavailableError:
    """The store's error for one of the system's, to be raised from it."""
    # The first line: the rest of some is a library's own trace.
    text = f"{where}: {str(error).partition(chr(10))[0]}"
    return StorageFullError(text) if is_disk_full(error) else StoreUnavailableError(text)


@contextmanager
def translate_disk_errors(where: str) -> Iterator[None]:
    """Raise StorageFullError or StoreUnavailableError for what the disk refuses in the block."""
    try:
        yield
    except OSError as error:
        # Without a number it is no word of the system's, but of who reads a broken file.
        if error.errno is None:
            raise
        raise storage_error(where, error) from error
