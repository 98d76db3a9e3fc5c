"""A client that journals each request before sending and each response, and retries.

Every request has an Idempotency-Key and is repeated with it until it is answered. The checker
relies only on the journal for what the client has requested.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2

# Statuses to retry: server errors, too many requests, or a request with the same key in progress.
TRY_AGAIN = frozenset({429, 500, 502, 503, 504, 507})
KEY_TAKEN = "idempotency_key_taken"
PAUSE_SECONDS = 0.1
Body = bytes | Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Entry:
    """A line of the journal.

    Attributes:
        at: seconds since 1970.
        kind: before a send, after an answer, or after a broken connection.
        key: the Idempotency-Key; one per resource to create.
        path: path of the request.
        status: status of the answer.
        id: id of the created resource.
        detail: description of the error.
    """

    at: float
    kind: Literal["send", "answer", "broken"]
    key: str
    path: str
    status: int | None = None
    id: str | None = None
    detail: str = ""


class Journal:
    """Entries in memory and, line by line, in a file that outlives the client."""

    def __init__(self, path: Path) -> None:
        self.entries: list[Entry] = []
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def write(self, entry: Entry) -> None:
        """Append an entry and flush it to the operating system."""
        with self._lock:
            self.entries.append(entry)
            self._file.write(json.dumps(asdict(entry)) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class UnansweredError(AssertionError):
    """A request was not answered within the time limit, despite retries."""


class Client:
    """Client that repeats each POST until it is answered. Thread-safe."""

    def __init__(self, urls: str | list[str], journal: Journal, seconds: float = 90) -> None:
        self._urls = [urls] if isinstance(urls, str) else urls
        self._journal = journal
        self._seconds = seconds
        # One connection per request: a kept-alive connection may belong to a killed server.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(timeout=30, limits=limits, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def post_job(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post a job and return the response body."""
        content = json.dumps(body).encode()
        return self.post("/v1/jobs", key, content, "application/json")

    def post_dataset(self, key: str, content: Body) -> dict[str, Any]:
        """Upload a CSV file, named after its key."""
        return self.post(f"/v1/datasets?name={key}", key, content, "text/csv")

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; return False if it has ended. Not retried: the API must be running."""
        answer = self._http.post(f"{self._urls[0]}/v1/jobs/{job_id}/cancel")
        assert answer.status_code in {202, 409}, answer.text
        return answer.status_code == 202

    def post(self, path: str, key: str, body: Body, media_type: str) -> dict[str, Any]:
        """Send until the response is final; return its body, which must be a success."""
        deadline = time.monotonic() + self._seconds
        for tries in range(1_000_000):
            answer = self._try(self._urls[tries % len(self._urls)], path, key, body, media_type)
            if answer is not None:
                return answer
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE_SECONDS)
        msg = f"{path} with the key {key}: {self._journal.entries[-1]}"
        raise UnansweredError(msg)

    def _try(
        self, url: str, path: str, key: str, body: Body, media_type: str
    ) -> dict[str, Any] | None:
        content = body if isinstance(body, bytes) else body()
        headers = {"Idempotency-Key": key, "Content-Type": media_type}
        self._record("send", key, path)
        try:
            answer = self._http.post(url + path, content=content, headers=headers)
        except httpx2.TransportError as error:
            self._record("broken", key, path, detail=f"{type(error).__name__}: {error}")
            return None
        found = _object_of(answer)
        self._record(
            "answer", key, path, answer.status_code, found.get("id"), found.get("code", "")
        )
        if answer.status_code in TRY_AGAIN or found.get("code") == KEY_TAKEN:
            return None
        assert answer.is_success, answer.text
        return found

    def _record(
        self,
        kind: Literal["send", "answer", "broken"],
        key: str,
        path: str,
        status: int | None = None,
        id: str | None = None,  # noqa: A002 - the field's name
        detail: str = "",
    ) -> None:
        noun = path.partition("?")[0]
        self._journal.write(Entry(time.time(), kind, key, noun, status, id, detail))


def _object_of(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
