"""Private folders for what is on its way in: gone with the request, or with the next start."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.room import disk_errors_named


def incoming(data_dir: Path) -> Path:
    """Where the folders are."""
    return data_dir / "incoming"


@contextmanager
def incoming_folder(data_dir: Path) -> Iterator[Path]:
    """An empty folder until the end of the block; `sweep_incoming` passes it by.

    Raises StoreUnavailableError when it cannot be made.
    """
    parent = incoming(data_dir)
    with disk_errors_named("incoming files"):
        parent.mkdir(parents=True, exist_ok=True)
        folder, descriptor = _make_locked(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep_incoming(data_dir: Path) -> None:
    """Remove the folders of processes that have died."""
    with suppress(FileNotFoundError):
        for folder in incoming(data_dir).iterdir():
            _remove_if_left(folder)


def _make_locked(parent: Path) -> tuple[Path, int]:
    """A new folder that no sweep removes while we live.

    A sweep that comes between its making and its locking takes it for a dead process's: then
    another one is made.
    """
    while True:
        folder = Path(tempfile.mkdtemp(dir=parent))
        try:
            descriptor = _lock(folder)
        except (FileNotFoundError, BlockingIOError):
            continue
        if _is_there(folder, descriptor):
            return folder, descriptor
        os.close(descriptor)


def _is_there(folder: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(folder.stat(), os.fstat(descriptor))
    return False


def _remove_if_left(folder: Path) -> None:
    try:
        descriptor = _lock(folder)
    except OSError:
        return  # somebody's, or gone
    shutil.rmtree(folder, ignore_errors=True)
    os.close(descriptor)


def _lock(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
