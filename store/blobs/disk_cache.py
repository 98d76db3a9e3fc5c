"""Files and folders that can be made again, on this machine's disk: made once, bounded in all.

Several processes may share a cache. Every entry has a lock file: who makes or evicts the entry
holds it alone, who reads the entry shares it. Its time of change says when the entry was last used.
"""

import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# What was just used is likely to be used again, by the next slice of the same job.
GRACE_SECONDS = 60.0


class Cache:
    """Entries by key, the least recently used of which go when all are larger than max_bytes.

    An entry that is held or was just used stays: what is in use at once may exceed the bound.
    """

    def __init__(self, folder: Path, max_bytes: int, grace_seconds: float = GRACE_SECONDS) -> None:
        self._entries = folder / "entries"
        self._locks = folder / "locks"
        self._partial = folder / "partial"
        self._max_bytes = max_bytes
        self._grace_seconds = grace_seconds

    @contextmanager
    def hold(self, key: str, make: Callable[[Path], None]) -> Iterator[Path]:
        """The path of an entry, which nobody evicts until the end of the block.

        Args:
            key: any text.
            make: makes a file or a folder at the path it is given, when there is no entry yet.
                What it raises is raised here, and nothing is kept.
        """
        name = hashlib.sha256(key.encode()).hexdigest()
        path = self._entries / name
        for folder in (self._entries, self._locks, self._partial):
            folder.mkdir(parents=True, exist_ok=True)
        while True:
            with self._locked(name, fcntl.LOCK_SH) as lock:
                # Locks are not exchanged in one step: the entry may be gone again, made or not.
                if path.exists():
                    os.utime(lock)
                    yield path
                    return
            with self._locked(name, fcntl.LOCK_EX) as lock:
                if not path.exists():
                    self._make(name, make)
                os.utime(lock)
            self._evict(sparing=name)

    def _make(self, name: str, make: Callable[[Path], None]) -> None:
        partial = self._partial / name
        _erase(partial)  # whoever left it has died: the lock is ours
        try:
            make(partial)
            _write_through(partial)
            # Renamed when complete, so that nobody ever sees half of it.
            partial.rename(self._entries / name)
        except BaseException:
            _erase(partial)
            raise

    def _evict(self, sparing: str) -> None:
        sizes = {path.name: _size(path) for path in self._entries.iterdir()}
        total = sum(sizes.values())
        for name, used_at in sorted(self._uses(), key=lambda use: use[1]):
            has_crashed = name not in sizes
            is_young = time.time() - used_at < self._grace_seconds
            if name == sparing or (not has_crashed and (is_young or total <= self._max_bytes)):
                continue
            try:
                with self._locked(name, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    self._remove(name)
            except BlockingIOError:
                continue  # somebody reads it, or makes it
            total -= sizes.get(name, 0)

    def _remove(self, name: str) -> None:
        partial, path = self._partial / name, self._entries / name
        _erase(partial)
        if path.exists():
            path.rename(partial)  # a folder does not go at once
        _erase(partial)
        (self._locks / name).unlink()

    def _uses(self) -> Iterator[tuple[str, float]]:
        for lock in self._locks.iterdir():
            try:
                yield lock.name, lock.stat().st_mtime
            except FileNotFoundError:
                continue  # evicted by another process

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[int]:
        path = self._locks / name
        while True:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, how)
                if _is_same(descriptor, path):
                    yield descriptor
                    return
                # Evicted while we waited: this lock file is nobody's any more.
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


def _write_through(path: Path) -> None:
    """Put it on the disk: after a crash of the machine an entry is whole, or there is none."""
    for file in _files(path):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _erase(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
