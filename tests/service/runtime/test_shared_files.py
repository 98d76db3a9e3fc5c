"""Temporary files that several responses read."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import pytest

from service.runtime.shared_files import SharedFiles

CONTENT = bytes(range(256)) * 40


class Writer:
    """Counts how often the content is written, and keeps the descriptor of the file."""

    def __init__(self) -> None:
        self.count = 0
        self.descriptor = -1

    def __call__(self, file: BinaryIO) -> None:
        self.count += 1
        self.descriptor = file.fileno()
        file.write(CONTENT)


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_readers_share_a_file_and_have_positions_of_their_own(tmp_path: Path) -> None:
    files, write = SharedFiles(), Writer()
    first, second = (files.open("a", tmp_path / "new", write) for _ in range(2))
    assert first.read(3) == CONTENT[:3]
    assert second.read() == CONTENT
    assert first.read(2) == CONTENT[3:5]
    assert first.seek(-4, os.SEEK_END) == len(CONTENT) - 4
    assert first.read() == CONTENT[-4:]
    assert first.read() == b""
    assert write.count == 1
    # The file has no name that a killed process would leave.
    assert list((tmp_path / "new").iterdir()) == []


def test_file_is_closed_with_its_last_reader_and_written_again(tmp_path: Path) -> None:
    files, write = SharedFiles(), Writer()
    first, second = (files.open("a", tmp_path, write) for _ in range(2))
    first.close()
    assert is_open(write.descriptor)
    assert second.read() == CONTENT
    second.close()
    assert not is_open(write.descriptor)
    with files.open("a", tmp_path, write) as third:
        assert third.read() == CONTENT
    assert write.count == 2


def test_different_files_are_different(tmp_path: Path) -> None:
    files = SharedFiles()
    with (
        files.open("a", tmp_path, Writer()) as first,
        files.open("b", tmp_path, lambda file: None) as second,
    ):
        assert (first.read(), second.read()) == (CONTENT, b"")


def test_failed_file_is_closed_and_written_again(tmp_path: Path) -> None:
    files, write = SharedFiles(), Writer()

    def fail(file: BinaryIO) -> None:
        write(file)
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        files.open("a", tmp_path, fail)
    assert not is_open(write.descriptor)
    with files.open("a", tmp_path, write) as reader:
        assert reader.read() == CONTENT


def test_concurrent_readers_write_once(tmp_path: Path) -> None:
    files, write = SharedFiles(), Writer()

    def read(_: int) -> bytes:
        with files.open("a", tmp_path, write) as reader:
            return reader.read()

    with files.open("a", tmp_path, write), ThreadPoolExecutor(8) as threads:
        assert set(threads.map(read, range(100))) == {CONTENT}
    assert write.count == 1
