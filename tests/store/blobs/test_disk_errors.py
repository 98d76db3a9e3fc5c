"""Translation of OS errors into store errors."""

import errno

import pytest
from obstore.exceptions import GenericError

from store.blobs.disk_errors import is_disk_full, translate_disk_errors
from store.errors import StorageFullError, StoreUnavailableError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_errno_of_a_full_disk_is_storage_full(number: int) -> None:
    with pytest.raises(StorageFullError), translate_disk_errors("here"):
        raise OSError(number, "refused")


def test_other_errno_is_store_unavailable() -> None:
    with pytest.raises(StoreUnavailableError) as raised, translate_disk_errors("here"):
        raise OSError(errno.EIO, "input/output error")
    assert type(raised.value) is StoreUnavailableError
    assert str(raised.value).startswith("here: ")


def test_error_without_errno_is_not_translated() -> None:
    with pytest.raises(OSError, match="cut short"), translate_disk_errors("here"):
        raise OSError("cut short")


def test_errno_is_read_from_the_text_of_a_library_error() -> None:
    assert is_disk_full(
        GenericError("Unable to copy: No space left on device (os error 28)\n\nDebug")
    )
    assert not is_disk_full(GenericError("Unable to open: Permission denied (os error 13)"))
    assert not is_disk_full(ValueError("no space"))
