"""Temporary folders for cases that pytest's folders do not suit."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_folder(prefix: str) -> Iterator[Path]:
    """A folder with a path short enough for a socket, accessible to other users."""
    with tempfile.TemporaryDirectory(prefix=prefix) as name:
        Path(name).chmod(0o755)
        yield Path(name)
