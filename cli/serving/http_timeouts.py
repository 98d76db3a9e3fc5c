"""Connections that give up on a client which stops in the middle of a request.

uvicorn waits for ever for the rest of half-sent headers and bodies. Here a timer runs from the
moment that a request is begun but not complete; an ordinary one, which comes in one piece, never
starts it, and a body's bytes cost an assignment.
"""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service.schemas.common import Problem

# A client is cut off between one timeout and a fifth more: the timer looks so often.
LOOKS = 5
# Headers are kept in memory until they are complete.
MAX_HEAD_BYTES = 65_536


class _Stage(Enum):
    RESTING = auto()
    HEAD = auto()
    BODY = auto()


class TimeoutProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with a bound on how long a request may take to arrive.

    Headers must be complete within client_timeout_seconds of the connection or of their first
    byte, however many bytes come meanwhile. A body must bring bytes at least that often while we
    are reading; what comes after its answer has been given may come for that long in all.
    """

    client_timeout_seconds = 10.0

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._stage = _Stage.RESTING
        self._head_bytes = 0
        self._looks = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._begin_head()
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, and watch the clock while they leave a request incomplete."""
        if self._stage is _Stage.RESTING:
            self._begin_head()
        elif self._stage is _Stage.BODY:
            if not self.cycle.response_complete:
                self._looks = 0
        elif not self._head_bytes:
            self._looks = 0
        self._head_bytes += len(data)
        super().data_received(data)
        if self._stage is _Stage.RESTING:
            self._stop_timer()
        elif self._stage is _Stage.HEAD and self._head_bytes > MAX_HEAD_BYTES:
            self._cut_off(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._timer is None and not self.transport.is_closing():
            self._start_timer()

    def on_message_begin(self) -> None:
        """Note that headers come."""
        if self._stage is _Stage.RESTING:
            self._begin_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Note that a body may come."""
        self._stage = _Stage.BODY
        self._looks = 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that the request is complete."""
        self._stage = _Stage.RESTING
        super().on_message_complete()

    def _begin_head(self) -> None:
        self._stage = _Stage.HEAD
        self._head_bytes = self._looks = 0

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.client_timeout_seconds / LOOKS, self._look)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        self._looks = 0 if self._keeps_client_waiting() else self._looks + 1
        # The first look may come right after the client was heard.
        if self._looks > LOOKS:
            self._cut_off(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._start_timer()

    def _keeps_client_waiting(self) -> bool:
        """Whether it is we who are slow: not reading, or not yet asking for the body."""
        if self._stage is _Stage.HEAD:
            return self.flow.read_paused
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _cut_off(self, status: HTTPStatus) -> None:
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if self._stage is _Stage.HEAD and is_answering and status is HTTPStatus.REQUEST_TIMEOUT:
            # The request before this one gets its answer; uvicorn closes the connection after it.
            cycle.keep_alive = False
            return
        is_begun = cycle is not None and cycle.response_started
        if self.pipeline or (is_begun if self._stage is _Stage.BODY else is_answering):
            self.transport.abort()
            return
        if self._head_bytes:  # who has said nothing is told nothing
            self.transport.write(_refusal(status))
        self.transport.close()
        if is_answering:
            cycle.disconnected = True
            cycle.message_event.set()


def timeout_protocol(client_timeout_seconds: float) -> type[TimeoutProtocol]:
    """The protocol with that timeout."""

    class Patient(TimeoutProtocol):
        pass

    Patient.client_timeout_seconds = client_timeout_seconds
    return Patient


def _refusal(status: HTTPStatus) -> bytes:
    code = status.name.lower()
    problem = Problem(
        type=f"urn:backpropd:problem:{code}",
        title=status.phrase,
        status=status,
        detail=_DETAILS[status],
        code=code,
        errors=[],
    )
    body = problem.model_dump_json(exclude_none=True).encode()
    head = b"content-type: application/problem+json\r\ncontent-length: %d\r\n" % len(body)
    return STATUS_LINE[status] + head + b"connection: close\r\n\r\n" + body


_DETAILS = {
    HTTPStatus.REQUEST_TIMEOUT: "the request did not arrive in time: it stopped in the middle",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the headers exceed {MAX_HEAD_BYTES} bytes",
}
