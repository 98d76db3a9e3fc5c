"""Files are read in turns, and binary ones in processes that can be ended."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from service.runtime import file_readers
from service.runtime.file_readers import SHORT_FILE_BYTES, FileReader, FileReaders
from store.errors import IntakeError, IntakeLimitError, ReadingStoppedError, ReadingTimeError
from store.intake.options import Limits
from store.settings import load_settings
from tests.service.runtime import file_functions

COLUMNAR, TEXT = b"PAR1 and more", b"x,y\n1,2\n"


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FileReaders]:
    settings = load_settings(
        data_dir=tmp_path_factory.mktemp("data"), max_read_memory_bytes=2**28, max_read_seconds=600
    )
    readers = FileReaders(settings)
    yield readers
    readers.stop()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file in a folder of its own, as requests have."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    path = folder / "upload"
    path.write_bytes(COLUMNAR)
    return path


def never() -> bool:
    return False


def call(
    readers: FileReaders,
    function: Callable[..., Any],
    source: Path,
    *,
    size: int = 0,
    must_stop: Callable[[], bool] = never,
    seconds: float = 600,
) -> Any:
    def work(reader: FileReader) -> Any:
        return replace(reader, seconds=seconds).call(function, Limits().for_file(source), source)

    return asyncio.run(readers.run(size, must_stop, work))


def call_for_rows(
    readers: FileReaders,
    function: Callable[..., Any],
    source: Path,
    *,
    must_stop: Callable[[], bool] = never,
) -> Any:
    reader = readers.for_rows(must_stop)
    run = partial(reader.call, function, Limits().for_file(source), source)

    async def run_in_thread() -> Any:
        return await to_thread.run_sync(run)

    return asyncio.run(run_in_thread())


def test_rows_to_predict_are_read_in_processes_of_their_own(
    readers: FileReaders, source: Path
) -> None:
    own = call_for_rows(readers, file_functions.pid, source)
    assert own not in {os.getpid(), call(readers, file_functions.pid, source)}
    with pytest.raises(IntakeLimitError, match="memory"):
        call_for_rows(readers, file_functions.allocate, source)
    stop = (source.parent / "1").exists
    with pytest.raises(ReadingStoppedError):
        call_for_rows(readers, file_functions.write_on, source, must_stop=stop)
    source.write_bytes(TEXT)
    assert call_for_rows(readers, file_functions.pid, source) == os.getpid()


def test_binary_formats_are_read_in_a_process_and_texts_in_a_thread(
    readers: FileReaders, source: Path
) -> None:
    assert call(readers, file_functions.pid, source) != os.getpid()
    source.write_bytes(TEXT)
    assert call(readers, file_functions.pid, source) == os.getpid()


def test_process_is_ended_when_reading_must_stop(readers: FileReaders, source: Path) -> None:
    """Nothing is written any more when the call returns: its folder can be removed."""
    first = source.parent / "1"
    with pytest.raises(ReadingStoppedError):
        call(readers, file_functions.write_on, source, must_stop=first.exists)
    left = {path.name for path in source.parent.iterdir()}
    assert {"upload", "1"} <= left
    assert call(readers, file_functions.pid, source.rename(source.with_name("next"))) > 0
    assert {path.name for path in source.parent.iterdir()} - {"next", "next.lock"} == left - {
        "upload"
    }
    shutil.rmtree(source.parent)


def test_text_is_no_longer_read_when_reading_must_stop(readers: FileReaders, source: Path) -> None:
    source.write_bytes(TEXT)
    with pytest.raises(ReadingStoppedError):
        call(readers, file_functions.write_on, source, must_stop=(source.parent / "9").exists)
    assert not (source.parent / "10").exists()


@pytest.mark.parametrize("content", [COLUMNAR, TEXT])
def test_processor_time_is_limited(readers: FileReaders, source: Path, content: bytes) -> None:
    source.write_bytes(content)
    with pytest.raises(ReadingTimeError) as caught:
        call(readers, file_functions.check_on, source, size=SHORT_FILE_BYTES + 1, seconds=0.2)
    error = caught.value
    assert (error.limit, error.unit, error.setting) == (
        0.2,
        "seconds",
        "BACKPROPD_MAX_READ_SECONDS",
    )
    assert 0.2 < error.reached < 60


@pytest.mark.rare
def test_decoder_that_checks_no_limit_is_ended_by_the_kernel(
    readers: FileReaders, source: Path
) -> None:
    with pytest.raises(ReadingTimeError):
        call(readers, file_functions.spin, source, size=SHORT_FILE_BYTES + 1, seconds=0.2)
    assert call(readers, file_functions.pid, source) > 0


def test_file_whose_short_turn_is_over_is_read_again_in_a_long_one(
    readers: FileReaders, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_readers, "SHORT_SECONDS", 0.01)
    source.write_bytes(TEXT)
    seconds: list[float] = []

    def read(_source: Path, limits: Limits) -> str:
        seconds.append(limits.max_seconds)
        while len(seconds) == 1:
            limits.check_running()
        return "read"

    def work(reader: FileReader) -> str:
        return reader.call(read, Limits().for_file(source), source)

    assert asyncio.run(readers.run(0, never, work)) == "read"
    assert seconds == [0.01, 600]


def test_memory_of_a_process_is_limited(readers: FileReaders, source: Path) -> None:
    with pytest.raises(IntakeLimitError) as caught:
        call(readers, file_functions.allocate, source)
    error = caught.value
    assert (error.code, error.limit) == ("too_much_memory", 2**28)
    assert error.setting == "BACKPROPD_MAX_READ_MEMORY_BYTES"


def test_process_that_ends_is_an_error_of_the_file(readers: FileReaders, source: Path) -> None:
    with pytest.raises(IntakeError) as caught:
        call(readers, file_functions.crash, source)
    assert caught.value.code == "unreadable_file"
    assert call(readers, file_functions.pid, source) > 0
