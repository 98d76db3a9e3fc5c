"""A client that writes down what it is about to send and what it was answered, and sends again.

Every request has an Idempotency-Key, and is repeated with it until it has an answer: what the
client wrote down is all that the checker believes.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import httpx2

# Answers that ask for another try: the server's trouble, too much at once, or the same key at work.
TRY_AGAIN = frozenset({429, 500, 502, 503, 504, 507})
KEY_TAKEN = "idempotency_key_taken"
PAUSE_SECONDS = 0.1
Body = bytes | Callable[[], Iterator[bytes]]


@dataclass(frozen=True)
class Entry:
    """A line of the journal.

    Attributes:
        at: seconds since 1970.
        kind: before a send, after an answer, or after a connection that broke.
        key: the Idempotency-Key; of one thing that the client wants.
        path: what it was sent to.
        status: of the answer.
        id: of what the answer says was made.
        detail: what went wrong.
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
        """Add an entry; it is with the system before this returns."""
        with self._lock:
            self.entries.append(entry)
            self._file.write(json.dumps(asdict(entry)) + "\n")
            self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class ImpatientError(AssertionError):
    """A request that was not answered although it was sent again and again."""


class Client:
    """Posts until it is answered. May be used by several threads."""

    def __init__(self, urls: str | list[str], journal: Journal, seconds: float = 90) -> None:
        self._urls = [urls] if isinstance(urls, str) else urls
        self._journal = journal
        self._seconds = seconds
        # A connection for each request: one that was kept open says nothing about the server.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(timeout=30, limits=limits, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def post_job(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Post a job; the answer to the try that was answered."""
        content = json.dumps(body).encode()
        return self.post("/v1/jobs", key, content, "application/json")

    def post_dataset(self, key: str, content: Body) -> dict[str, Any]:
        """Upload a CSV file, named for its key."""
        return self.post(f"/v1/datasets?name={key}", key, content, "text/csv")

    def cancel(self, job_id: str) -> bool:
        """Cancel a job; False when it has ended. Not sent again: the API must be there."""
        answer = self._http.post(f"{self._urls[0]}/v1/jobs/{job_id}/cancel")
        assert answer.status_code in {202, 409}, answer.text
        return answer.status_code == 202

    def post(self, path: str, key: str, body: Body, media_type: str) -> dict[str, Any]:
        """Send until there is an answer that is final; it must be a success."""
        deadline = time.monotonic() + self._seconds
        for tries in range(1_000_000):
            answer = self._try(self._urls[tries % len(self._urls)], path, key, body, media_type)
            if answer is not None:
                return answer
            if time.monotonic() > deadline:
                break
            time.sleep(PAUSE_SECONDS)
        msg = f"{path} with the key {key}: {self._journal.entries[-1]}"
        raise ImpatientError(msg)

    def _try(
        self, url: str, path: str, key: str, body: Body, media_type: str
    ) -> dict[str, Any] | None:
        content = body if isinstance(body, bytes) else body()
        headers = {"Idempotency-Key": key, "Content-Type": media_type}
        self._note("send", key, path)
        try:
            answer = self._http.post(url + path, content=content, headers=headers)
        except httpx2.TransportError as error:
            self._note("broken", key, path, detail=f"{type(error).__name__}: {error}")
            return None
        found = _object_of(answer)
        self._note("answer", key, path, answer.status_code, found.get("id"), found.get("code", ""))
        if answer.status_code in TRY_AGAIN or found.get("code") == KEY_TAKEN:
            return None
        assert answer.is_success, answer.text
        return found

    def _note(
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
