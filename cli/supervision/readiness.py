"""Readiness check of the service: the API is ready and lists our worker."""

import json
from http.client import HTTPConnection, HTTPException
from typing import Any


class Readiness:
    """Polls the API's /readyz.

    Attributes:
        reason: why the last check failed.
        warnings: the service's warnings at the last check.
    """

    def __init__(self, address: tuple[str, int], worker_name: str) -> None:
        self._address = address
        self._worker_name = worker_name
        self.reason = "the API has not answered yet"
        self.warnings: list[str] = []

    def is_reached(self) -> bool:
        """Check once, with a time-out of two seconds."""
        try:
            status, body = self._ask()
        except (OSError, HTTPException, ValueError) as error:
            self.reason = f"the API does not answer ({error})"
            return False
        if status != 200:
            self.reason = f"/readyz answers {status}: {json.dumps(body)}"
            return False
        self.warnings = body.get("warnings", [])
        names = body.get("worker_names", [])
        self.reason = f"the worker {self._worker_name} has not announced itself"
        return any(str(name).partition("@")[0] == self._worker_name for name in names)

    def _ask(self) -> tuple[int, dict[str, Any]]:
        connection = HTTPConnection(*self._address, timeout=2)
        try:
            connection.request("GET", "/readyz")
            response = connection.getresponse()
            body = json.loads(response.read())
        finally:
            connection.close()
        return response.status, body if isinstance(body, dict) else {}
