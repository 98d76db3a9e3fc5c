"""Folders for what pytest's own ones do not suit."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """A folder whose path suits a socket and which another user may pass through."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        Path(name).chmod(0o755)
        yield Path(name)
