"""Durable entries of a blob folder, and removal of staged files.

A put writes to a staged file, `<key>#<number>`, and renames it: a process that is killed in between
leaves the staged file, which lists of blobs do not contain.
"""

from contextlib import suppress
from pathlib import Path

from store.blobs.disk_cache import sync_to_disk

_STAGED = "*#*"


def make_durable_folder(folder: Path) -> None:
    """Create a folder with its parents, each of which survives a crash of the machine."""
    if not folder.is_dir():
        made = next(parent for parent in folder.parents if parent.is_dir())
        folder.mkdir(parents=True, exist_ok=True)
        _sync_folders(folder, made)


def sync_blob(folder: Path, key: str) -> None:
    """Wait until a blob and the entries of all folders on its path are on disk.

    Another process may have created any of these folders, and not have waited for it yet.
    """
    path = folder / key
    sync_to_disk(path)
    _sync_folders(path.parent, folder)


def _sync_folders(lowest: Path, highest: Path) -> None:
    for folder in (lowest, *lowest.parents):
        sync_to_disk(folder)
        if folder == highest:
            return


def delete_staged(folder: Path, key: str) -> None:
    """Delete the staged files of a blob."""
    path = folder / key
    for staged in path.parent.glob(f"{path.name}#*"):
        staged.unlink(missing_ok=True)


def delete_all_staged(folder: Path) -> None:
    """Delete all staged files in a folder without blobs, and the folder itself."""
    for staged in folder.glob(_STAGED):
        staged.unlink(missing_ok=True)
    # Not empty: a put has stored a blob since.
    with suppress(OSError):
        folder.rmdir()


def delete_old_staged(folder: Path, written_before: float) -> int:
    """Delete staged files below a folder that were last written before this time, since 1970."""
    count = 0
    for path in folder.rglob(_STAGED):
        # Gone meanwhile, or renamed to its key.
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_mtime <= written_before:
                path.unlink()
                count += 1
    return count
