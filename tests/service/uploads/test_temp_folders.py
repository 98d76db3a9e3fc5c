"""Private directories of incoming files: safe from sweeps while in use, removed afterwards."""

import fcntl
import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import anyio
import pytest

from service.uploads.temp_folders import incoming, incoming_folder, sweep_incoming


def use_folder(data_dir: Path, use: Callable[[Path], object]) -> None:
    """Call `use` with a private directory while it exists."""

    async def work() -> None:
        async with incoming_folder(data_dir) as folder:
            use(folder)

    anyio.run(work)


def die(data_dir: Path) -> None:
    def use(folder: Path) -> None:
        (folder / "upload").write_bytes(b"x")
        os._exit(1)

    use_folder(data_dir, use)


def die_before_the_lock(data_dir: Path) -> None:
    with patch("service.uploads.temp_folders.fcntl.flock", lambda *_: os._exit(1)):
        use_folder(data_dir, lambda _: None)
    raise AssertionError


def test_folder_is_empty_private_and_gone_afterwards(tmp_path: Path) -> None:
    def use(folder: Path) -> None:
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "upload").write_bytes(b"x")

    use_folder(tmp_path, use)
    assert list(incoming(tmp_path).iterdir()) == []


def test_folder_is_gone_after_a_failure(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "upload").write_bytes(b"x")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        use_folder(tmp_path, fail)
    assert list(incoming(tmp_path).iterdir()) == []


def test_folder_is_gone_after_a_cancellation(tmp_path: Path) -> None:
    async def work() -> None:
        with anyio.CancelScope() as scope:
            async with incoming_folder(tmp_path) as folder:
                (folder / "upload").write_bytes(b"x")
                scope.cancel()
                await anyio.sleep_forever()

    anyio.run(work)
    assert list(incoming(tmp_path).iterdir()) == []


def test_folder_in_use_survives_a_sweep(tmp_path: Path) -> None:
    def use(folder: Path) -> None:
        sweep_incoming(tmp_path)
        assert folder.exists()

    use_folder(tmp_path, use)


@pytest.mark.parametrize("death", [die, die_before_the_lock])
def test_folder_of_a_dead_process_is_swept(tmp_path: Path, death: Callable[[Path], None]) -> None:
    process = multiprocessing.get_context("spawn").Process(target=death, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == 1
    assert len(list(incoming(tmp_path).iterdir())) == 1
    sweep_incoming(tmp_path)
    assert list(incoming(tmp_path).iterdir()) == []


@pytest.mark.parametrize("moment", ["before it is opened", "before it is locked"])
def test_sweep_between_making_and_locking_costs_another_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    open_folder, lock = os.open, fcntl.flock
    swept: list[Path] = []

    def sweep() -> None:
        if not swept:
            swept.extend(incoming(tmp_path).iterdir())
            sweep_incoming(tmp_path)

    def open_late(path: Path, flags: int, **options: Any) -> int:
        sweep()
        return open_folder(path, flags, **options)

    def lock_late(descriptor: int, how: int) -> None:
        sweep()
        lock(descriptor, how)

    if moment == "before it is opened":
        monkeypatch.setattr("service.uploads.temp_folders.os.open", open_late)
    else:
        monkeypatch.setattr("service.uploads.temp_folders.fcntl.flock", lock_late)

    def use(folder: Path) -> None:
        assert swept not in ([], [folder])
        monkeypatch.undo()
        sweep_incoming(tmp_path)
        assert list(incoming(tmp_path).iterdir()) == [folder]

    use_folder(tmp_path, use)


def test_sweep_of_a_missing_directory_succeeds(tmp_path: Path) -> None:
    sweep_incoming(tmp_path / "nowhere")
