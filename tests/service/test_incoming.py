"""Folders of what is on its way in: nobody's while they are used, nobody's leavings afterwards."""

import multiprocessing
import os
from pathlib import Path

import pytest

from service.incoming import incoming, incoming_folder, sweep_incoming


def die(data_dir: Path) -> None:
    with incoming_folder(data_dir) as folder:
        (folder / "upload").write_bytes(b"x")
        os._exit(1)


def test_folder_is_empty_private_and_gone_afterwards(tmp_path: Path) -> None:
    with incoming_folder(tmp_path) as folder:
        assert list(folder.iterdir()) == []
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "upload").write_bytes(b"x")
    assert list(incoming(tmp_path).iterdir()) == []


def test_folder_is_gone_after_a_failure(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "upload").write_bytes(b"x")
        raise RuntimeError

    with pytest.raises(RuntimeError), incoming_folder(tmp_path) as folder:
        fail(folder)
    assert list(incoming(tmp_path).iterdir()) == []


def test_folder_in_use_survives_a_sweep(tmp_path: Path) -> None:
    with incoming_folder(tmp_path) as folder:
        sweep_incoming(tmp_path)
        assert folder.exists()


def test_folder_of_a_dead_process_is_swept(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=die, args=(tmp_path,))
    process.start()
    process.join()
    assert len(list(incoming(tmp_path).iterdir())) == 1
    sweep_incoming(tmp_path)
    assert list(incoming(tmp_path).iterdir()) == []


def test_nothing_to_sweep_is_no_trouble(tmp_path: Path) -> None:
    sweep_incoming(tmp_path / "nowhere")
