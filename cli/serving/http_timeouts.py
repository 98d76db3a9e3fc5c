"""Time-outs for clients that stop in the middle of a request.

uvicorn waits without a limit for the rest of incomplete headers and bodies. Here a timer runs
while a request has begun but is incomplete. An ordinary request, which arrives in one piece, never
starts the timer, and body bytes cost one assignment.
"""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from cli.serving.absolute_urls import replace_host
from cli.serving.joined_head import JoinedHeadTransport
from service.http.prefixes import Prefixes
from service.http.renderers import ErrorDetails, render_problem

# Timer ticks per time-out: a client is disconnected after 1 to 1.2 time-outs.
TICKS = 5
# Headers are buffered in memory until they are complete.
MAX_HEAD_BYTES = 65_536
RETRY = {"Retry-After": "5"}


class Stage(Enum):
    """The part of a request that arrives next: nothing before it begins, headers, a body."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()


class TimeoutProtocol(HttpToolsProtocol):
    """uvicorn's protocol with a limit on how long a request may take to arrive.

    Headers must be complete within client_timeout_seconds of the connection or of their first
    byte, however many bytes arrive in the meantime. While the body is being read, the gap between
    two of its chunks is limited to client_timeout_seconds; the remainder of a body that is already
    answered must arrive within client_timeout_seconds in total.
    """

    client_timeout_seconds = 10.0
    prefixes: Prefixes

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._stage = Stage.IDLE
        self._head_bytes = 0
        self._ticks = 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        self.joined = JoinedHeadTransport(transport, self.loop)
        super().connection_made(cast("asyncio.Transport", self.joined))
        self._begin_head()
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse bytes, and run the timer while the request is incomplete."""
        if self._stage is Stage.IDLE:
            self._begin_head()
        elif self._stage is Stage.BODY:
            if not self.cycle.response_complete:
                self._ticks = 0
        elif not self._head_bytes:
            self._ticks = 0
        self._head_bytes += len(data)
        super().data_received(data)
        if self._stage is Stage.IDLE:
            self._stop_timer()
        elif self._stage is Stage.HEAD and self._head_bytes > MAX_HEAD_BYTES:
            self._cut_off(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        elif self._timer is None and not self.transport.is_closing():
            self._start_timer()

    def on_message_begin(self) -> None:
        """Record the start of a request's headers."""
        if self._stage is Stage.IDLE:
            self._begin_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Record that the headers are complete and a body may follow."""
        self._stage = Stage.BODY
        self._ticks = 0
        if not self.url.startswith(b"/"):
            replace_host(self.headers, self.url)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Receive a part of the body; stop reading while the prefix's `read_ahead_bytes` wait."""
        if self.cycle.response_complete:
            return
        self.cycle.body += body
        if len(self.cycle.body) > HIGH_WATER_LIMIT and self._is_far_ahead():
            self.flow.pause_reading()
        self.cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Record that the request is complete."""
        self._stage = Stage.IDLE
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text
        """Answer a request that cannot be parsed, in the shape of its prefix."""
        self.transport.write(self._refusal(HTTPStatus.BAD_REQUEST))
        self.transport.close()

    def _is_far_ahead(self) -> bool:
        prefix = self.prefixes.find(self.scope["path"])
        return len(self.cycle.body) > prefix.read_ahead_bytes

    def _begin_head(self) -> None:
        self._stage = Stage.HEAD
        self._head_bytes = self._ticks = 0
        # Those of the previous request; the URL is complete as soon as there is a header.
        self.headers = []

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.client_timeout_seconds / TICKS, self._tick)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        self._ticks = 0 if self._keeps_client_waiting() else self._ticks + 1
        # The first tick may follow directly after received bytes.
        if self._ticks > TICKS:
            self._cut_off(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._start_timer()

    def _keeps_client_waiting(self) -> bool:
        """Return whether the delay is ours: reading is paused, or 100 Continue is not yet sent."""
        if self._stage is Stage.HEAD:
            return self.flow.read_paused
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def _cut_off(self, status: HTTPStatus) -> None:
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if self._stage is Stage.HEAD and is_answering and status is HTTPStatus.REQUEST_TIMEOUT:
            # The previous request is still being answered; uvicorn then closes the connection.
            cycle.keep_alive = False
            return
        is_begun = cycle is not None and cycle.response_started
        if self.pipeline or (is_begun if self._stage is Stage.BODY else is_answering):
            self.transport.abort()
            return
        if self._head_bytes:  # no response to a client that sent nothing
            self.transport.write(self._refusal(status))
        self.transport.close()
        if is_answering:
            cycle.disconnected = True
            cycle.message_event.set()

    def _refusal(self, status: HTTPStatus) -> bytes:
        """Return an error response, in the shape of the path's prefix if the path is known."""
        path = _parse_path(self.url) if self.headers else None
        render = render_problem if path is None else self.prefixes.find(path).render_error
        headers = RETRY if status is HTTPStatus.SERVICE_UNAVAILABLE else None
        details = ErrorDetails(status, status.name.lower(), _DETAILS[status], headers=headers)
        response = render(details)
        head = b"".join(b"%b: %b\r\n" % header for header in response.raw_headers)
        return STATUS_LINE[status] + head + b"connection: close\r\n\r\n" + bytes(response.body)


def timeout_protocol(client_timeout_seconds: float, prefixes: Prefixes) -> type[TimeoutProtocol]:
    """Return the protocol class with that time-out, which renders errors by those prefixes."""

    class ConfiguredProtocol(TimeoutProtocol):
        pass

    ConfiguredProtocol.client_timeout_seconds = client_timeout_seconds
    ConfiguredProtocol.prefixes = prefixes
    return ConfiguredProtocol


def _parse_path(url: bytes) -> str | None:
    """Return the path as the application would see it; None if the URL is malformed."""
    try:
        path: bytes = httptools.parse_url(url).path
        return unquote(path.decode("ascii"))
    except (httptools.HttpParserInvalidURLError, AttributeError, UnicodeDecodeError):
        return None


_DETAILS = {
    HTTPStatus.BAD_REQUEST: "the request is not valid HTTP",
    HTTPStatus.REQUEST_TIMEOUT: "the request did not arrive completely within the time-out",
    HTTPStatus.SERVICE_UNAVAILABLE: "the service receives too many bodies at once; try again later",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: f"the headers exceed {MAX_HEAD_BYTES} bytes",
}
