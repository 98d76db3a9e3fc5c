"""Which of the system's errors mean that there is no room."""

import errno

import pytest
from obstore.exceptions import GenericError

from store.blobs.disk_errors import is_disk_full, translate_disk_errors
from store.errors import StorageFullError, StoreUnavailableError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_full_disk_is_told_from_what_the_system_says(number: int) -> None:
    with pytest.raises(StorageFullError), translate_disk_errors("here"):
        raise OSError(number, "refused")


def test_disk_that_fails_otherwise_is_away() -> None:
    with pytest.raises(StoreUnavailableError) as raised, translate_disk_errors("here"):
        raise OSError(errno.EIO, "input/output error")
    assert type(raised.value) is StoreUnavailableError
    assert str(raised.value).startswith("here: ")


def test_error_without_a_number_is_not_the_systems() -> None:
    with pytest.raises(OSError, match="cut short"), translate_disk_errors("here"):
        raise OSError("cut short")


def test_text_of_a_library_is_read_for_the_number() -> None:
    assert is_disk_full(
        GenericError("Unable to copy: No space left on device (os error 28)\n\nDebug")
    )
    assert not is_disk_full(GenericError("Unable to open: Permission denied (os error 13)"))
    assert not is_disk_full(ValueError("no space"))
