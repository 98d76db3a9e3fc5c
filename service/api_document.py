"""The OpenAPI document, which takes more than half a second to make."""

from collections.abc import Callable
from threading import Lock, Thread
from typing import Any

import orjson


class ApiDocument:
    """The document, made once, by a thread.

    Args:
        make: returns the document.
    """

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make
        self._lock = Lock()
        self._content: bytes | None = None

    @property
    def is_made(self) -> bool:
        """Whether `to_json` returns at once."""
        return self._content is not None

    def start(self) -> None:
        """Begin to make the document, so that the first request for it does not wait."""
        # Waited for at exit: the interpreter crashes if a thread that makes schemas still runs.
        Thread(target=self.to_json, name="openapi", daemon=False).start()

    def to_json(self) -> bytes:
        """Return the document as JSON; blocks until it is made."""
        with self._lock:
            if self._content is None:
                self._content = orjson.dumps(self._make())
            return self._content
