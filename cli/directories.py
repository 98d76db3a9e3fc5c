"""The folders of a running service: its data, which is its alone, and its sockets."""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import CommandError

# A unix socket's path has at most 107 bytes; the socket's own name needs some of them.
_LONGEST_SOCKET_FOLDER = 90
# In a URL any other character would have to be quoted, and not every reader unquotes.
_PLAIN_PATH = re.compile(rb"[A-Za-z0-9/._-]+")


@contextmanager
def data_folder(path: Path) -> Iterator[Path]:
    """The data folder, made if missing, and locked: CommandError when another service has it."""
    if set("?#%") & set(str(path)):
        msg = f"the data directory's path may not hold ?, # or %: {path}"
        raise CommandError(msg)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    # The folder itself is locked, so that no lock file is left behind.
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
    """A private folder for sockets: the wanted one, or one whose path suits a socket."""
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_fit_for_sockets(wanted):
        yield wanted
        return
    folder = _stand_in(wanted)
    folder.mkdir(mode=0o700, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o077:
        msg = f"{folder} belongs to somebody else"
        raise CommandError(msg)
    try:
        yield folder
    finally:
        for leftover in folder.iterdir():
            leftover.unlink()
        folder.rmdir()


def _stand_in(wanted: Path) -> Path:
    # Named for what it stands in for, so that a killed service's is used again, not added to.
    name = f"backpropd-{os.getuid()}-{hashlib.sha256(os.fsencode(wanted)).hexdigest()[:16]}"
    folder = Path(tempfile.gettempdir(), name)
    # TMPDIR may be as long as the wanted path.
    return folder if is_fit_for_sockets(folder) else Path("/tmp", name)  # noqa: S108 - is checked


def is_fit_for_sockets(folder: Path) -> bool:
    """Whether a socket in the folder has a path that sockets and URLs can hold."""
    path = os.fsencode(folder)
    return len(path) <= _LONGEST_SOCKET_FOLDER and _PLAIN_PATH.fullmatch(path) is not None
