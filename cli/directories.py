"""Folders of a running service: its locked data folder and its socket folder."""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError

# A unix socket's path has at most 107 bytes, including the socket's own name.
_LONGEST_SOCKET_FOLDER = 90
# In a URL any other character would need quoting, and not every client unquotes.
_PLAIN_PATH = re.compile(rb"[A-Za-z0-9/._-]+")


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """Create and lock the data folder. Raises CommandError if another service holds it."""
    if set("?#%") & set(str(path)):
        msg = f"the data directory's path must not contain ?, # or %: {path}"
        raise CommandError(msg)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The lock is on the folder itself, so that no lock file remains.
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        msg = f"another backpropd is running on {path}"
        raise CommandError(msg) from error
    try:
        yield path
    finally:
        os.close(descriptor)


@contextmanager
def socket_folder(wanted: Path) -> Iterator[Path]:
    """Provide a private folder for sockets: `wanted`, or a temporary one if its path is unfit."""
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_fit_for_sockets(wanted):
        yield wanted
        return
    folder = _stand_in(wanted)
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        msg = f"{folder} must be a private folder of this user, but others own it or can access it"
        raise CommandError(msg)
    try:
        yield folder
    finally:
        for leftover in folder.iterdir():
            leftover.unlink()
        folder.rmdir()


def _stand_in(wanted: Path) -> Path:
    # The name is a hash of the wanted path, so that a service reuses the folder after a kill.
    name = f"backpropd-{os.getuid()}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir(), name)
    # The path of TMPDIR may also be too long.
    return folder if is_fit_for_sockets(folder) else Path("/tmp", name)  # noqa: S108 - checked by the caller


def is_fit_for_sockets(folder: Path) -> bool:
    """Return whether a socket in the folder has a path valid for sockets and URLs."""
    path = os.fsencode(folder)
    return len(path) <= _LONGEST_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(path) is not None
