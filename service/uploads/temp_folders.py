"""Private directories for incoming files: removed with the request, or at the next start."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from anyio import CancelScope, to_thread

from store.blobs.disk_errors import translate_disk_errors


def incoming(data_dir: Path) -> Path:
    """Return the parent directory of the private directories."""
    return data_dir / "incoming"


@asynccontextmanager
async def incoming_folder(data_dir: Path) -> AsyncIterator[Path]:
    """Create an empty directory for the block; `sweep_incoming` does not remove it.

    It is created and removed in threads, so that a slow disk does not delay other requests. Raises
    StoreUnavailableError if it cannot be created.
    """
    folder, descriptor = await to_thread.run_sync(_make_folder, incoming(data_dir))
    try:
        yield folder
    finally:
        # Shielded: the cancellation of the request would also cancel this removal.
        with CancelScope(shield=True):
            await to_thread.run_sync(_remove_folder, folder, descriptor)


def sweep_incoming(data_dir: Path) -> None:
    """Remove the directories of dead processes."""
    with suppress(FileNotFoundError):
        for folder in incoming(data_dir).iterdir():
            _remove_if_left(folder)


def _make_folder(parent: Path) -> tuple[Path, int]:
    with translate_disk_errors("incoming files"):
        parent.mkdir(parents=True, exist_ok=True)
        return _make_locked(parent)


def _remove_folder(folder: Path, descriptor: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    os.close(descriptor)


def _make_locked(parent: Path) -> tuple[Path, int]:
    """Create a directory and lock it, so that no sweep removes it while this process lives.

    A sweep between creation and locking removes it like that of a dead process; then another one
    is created.
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
        return  # in use by another process, or already removed
    _remove_folder(folder, descriptor)


def _lock(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
