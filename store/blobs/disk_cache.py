"""Disk cache of reproducible files and folders, with a bound on the total size.

Processes may share a cache. Each entry has a lock file: making or evicting the entry takes an
exclusive lock, reading it a shared one. The lock file's mtime is the time of the last use.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# A recently used entry is likely to be used again, by the next slice of the same job.
GRACE_SECONDS = 60.0


class Cache:
    """LRU cache by key: the least recently used entries are evicted beyond `max_bytes`.

    Entries that are held or were used in the last `grace_seconds` are not evicted: together they
    may exceed the bound.
    """

    def __init__(self, folder: Path, max_bytes: int, grace_seconds: float = GRACE_SECONDS) -> None:
        self._entries = folder / "entries"
        self._locks = folder / "locks"
        self._partial = folder / "partial"
        self._max_bytes = max_bytes
        self._grace_seconds = grace_seconds

    @contextmanager
    def hold(self, key: str, make: Callable[[Path], None]) -> Iterator[Path]:
        """Provide the path of an entry, which is not evicted before the end of the block.

        Args:
            key: any text.
            make: creates the file or folder at its argument; called if the entry does not exist.
                Its exceptions propagate, and nothing is kept.
        """
        name = hashlib.sha256(key.encode()).hexdigest()
        path = self._entries / name
        for folder in (self._entries, self._locks, self._partial):
            folder.mkdir(parents=True, exist_ok=True)
        while True:
            with self._locked(name, fcntl.LOCK_SH) as lock:
                # Changing between locks is not atomic: the entry may have been evicted again.
                if path.exists():
                    os.utime(lock)
                    yield path
                    return
            with self._locked(name, fcntl.LOCK_EX) as lock:
                if not path.exists():
                    self._make(name, make)
                os.utime(lock)
            self._evict(keep=name)

    def _make(self, name: str, make: Callable[[Path], None]) -> None:
        partial = self._partial / name
        _erase(partial)  # left by a dead process: we hold the lock
        try:
            make(partial)
            for file in _files(partial):
                sync_to_disk(file)
            # Renamed when complete, so that no process reads a partial entry, even after a crash.
            partial.rename(self._entries / name)
        except BaseException:
            _erase(partial)
            raise

    def _evict(self, keep: str) -> None:
        sizes = {path.name: _size(path) for path in self._entries.iterdir()}
        total = sum(sizes.values())
        for name, used_at in sorted(self._uses(), key=lambda use: use[1]):
            is_incomplete = name not in sizes
            is_recent = time.time() - used_at < self._grace_seconds
            if name == keep or (not is_incomplete and (is_recent or total <= self._max_bytes)):
                continue
            try:
                with self._locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    self._remove(name)
            except BlockingIOError:
                continue  # being read or made
            total -= sizes.get(name, 0)

    def _remove(self, name: str) -> None:
        partial, path = self._partial / name, self._entries / name
        _erase(partial)
        if path.exists():
            path.rename(partial)  # deleting a folder is not atomic
        _erase(partial)
        (self._locks / name).unlink()

    def _uses(self) -> Iterator[tuple[str, float]]:
        for lock in self._locks.iterdir():
            try:
                yield lock.name, lock.stat().st_mtime
            except FileNotFoundError:
                continue  # evicted by another process

    @contextmanager
    def _locked(self, name: str, operation: int) -> Iterator[int]:
        path = self._locks / name
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, operation)
                if _is_same(descriptor, path):
                    yield descriptor
                    return
                # Evicted while we waited: this lock file is unlinked.
            finally:
                os.close(descriptor)


def _is_same(descriptor: int, path: Path) -> bool:
    try:
        found = path.stat()
    except FileNotFoundError:
        return False
    return os.path.samestat(os.fstat(descriptor), found)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, _, names in os.walk(path):
        yield from (Path(folder, name) for name in names)


def _size(path: Path) -> int:
    total = 0
    for file in _files(path):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue  # evicted by another process
    return total


def sync_to_disk(path: Path) -> None:
    """Wait until a file or directory is on disk, so that it survives a crash of the machine."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _erase(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
