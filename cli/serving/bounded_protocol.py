"""The protocol of one connection, with bounds over all connections of the process."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Collection
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from cli.serving.answer_memory import AnswerMemory
from cli.serving.body_memory import BodyMemory
from cli.serving.http_timeouts import RETRY, Stage, TimeoutProtocol
from cli.serving.transfer_rate import RateLimit, TransferRate
from service.http.bodies import is_upload
from service.http.prefixes import Prefixes
from service.http.renderers import ErrorDetails
from store.settings import Settings

logger = logging.getLogger(__name__)

# A response waits as soon as this many bytes wait for the client, and one more piece may follow.
WRITE_AHEAD_BYTES = 2**14
# Connections beyond the limit that are answered before they are closed; further ones are not.
MAX_REFUSED = 64


class BoundedProtocol(TimeoutProtocol):
    """Bounds connections, bytes of bodies in memory, and how slow a client may be.

    `check_transfer` must be called once per `rate_limit.tick_seconds`.
    """

    rate_limit: RateLimit
    body_memory: BodyMemory
    answer_memory: AnswerMemory
    max_connections: int
    warn_too_many: Callable[[], None]
    warn_unread: Callable[[], None]

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - uvicorn's own
        super().__init__(*args, **options)
        self._received = 0
        self._receiving = TransferRate(self.rate_limit)
        self._sending = TransferRate(self.rate_limit)
        self._holds_body = False

    @property
    def is_receiving(self) -> bool:
        """Whether the body of the request is incomplete."""
        return self._stage is Stage.BODY

    @property
    def waiting_bytes(self) -> int:
        """Bytes of answers that wait for the client."""
        waiting: int = self.transport.get_write_buffer_size()
        return waiting

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Serve the connection if it is not one too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=WRITE_AHEAD_BYTES)
        too_many = len(self.connections) - self.max_connections
        if too_many > MAX_REFUSED:
            transport.abort()
        elif too_many > 0:
            self.app = Refusal(self.prefixes)
        if too_many > 0:
            self.warn_too_many()

    def connection_lost(self, exc: Exception | None) -> None:
        """Give up what the connection holds."""
        self.body_memory.release(self)
        self.answer_memory.release(self)
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Count the bytes that wait for the client."""
        super().pause_writing()
        self.answer_memory.add(self)

    def resume_writing(self) -> None:
        """Count them no more."""
        self.answer_memory.release(self)
        super().resume_writing()

    def on_headers_complete(self) -> None:
        """Find out whether a body would be held in memory."""
        super().on_headers_complete()
        self._holds_body = not is_upload(self.scope["path"])

    def on_body(self, body: bytes) -> None:
        """Receive a part of the body, and count it."""
        self._received += len(body)
        super().on_body(body)
        if self._holds_body and not self.cycle.response_complete:
            self.body_memory.add(self, len(body))

    def on_response_complete(self) -> None:
        """Count the body of the request no more."""
        self.body_memory.release(self)
        super().on_response_complete()

    def refuse_body(self) -> None:
        """Answer 503: too many bodies arrive at once."""
        self._cut_off(HTTPStatus.SERVICE_UNAVAILABLE)

    def give_up(self) -> None:
        """Reset the connection: too many bytes wait for clients."""
        self.warn_unread()
        self.transport.abort()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:  # noqa: ANN401 - of ASGI
        """Begin a request as soon as the answers before it do not wait for the client.

        Otherwise each of many requests that a client sends at once is computed, and its answer
        held, although the client reads none.
        """
        must_wait = self.waiting_bytes > 0
        super()._start_asgi_task(cycle, self._after_answers(cycle, app) if must_wait else app)

    def _after_answers(self, cycle: RequestResponseCycle, app: Any) -> Any:  # noqa: ANN401 - of ASGI
        async def wait(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - of ASGI
            await self.flow.drain()
            if self.transport.is_closing():
                cycle.disconnected = True
            else:
                await app(scope, receive, send)

        return wait

    def check_transfer(self) -> None:
        """Disconnect a client that sends or reads too slowly."""
        if self.joined.get_write_buffer_size() == 0:
            self._sending.reset()
        elif self._sending.is_too_slow(self.joined.sent):
            # The bytes that wait are lost: closing would wait for the client.
            self.transport.abort()
            return
        if self._stage is not Stage.BODY:
            self._receiving.reset()
        elif not self._keeps_client_waiting() and self._receiving.is_too_slow(self._received):
            self._cut_off(HTTPStatus.REQUEST_TIMEOUT)


class Refusal:
    """ASGI application that answers every request with 503 and closes the connection."""

    def __init__(self, prefixes: Prefixes) -> None:
        self._prefixes = prefixes

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - of ASGI
        """Answer in the shape of the path's prefix."""
        detail = "the service has too many connections; try again later"
        status = HTTPStatus.SERVICE_UNAVAILABLE
        headers = {**RETRY, "Connection": "close"}
        error = ErrorDetails(status, "too_many_connections", detail, headers=headers)
        answer = self._prefixes.find(scope["path"]).render_error(error)
        await answer(scope, receive, send)


def bounded_protocol(settings: Settings, prefixes: Prefixes) -> type[BoundedProtocol]:
    """Return the protocol class with the bounds of the settings; its connections share them."""

    class ConfiguredProtocol(BoundedProtocol):
        pass

    ConfiguredProtocol.client_timeout_seconds = settings.client_timeout_seconds
    ConfiguredProtocol.prefixes = prefixes
    ConfiguredProtocol.rate_limit = RateLimit(
        settings.min_transfer_rate, settings.transfer_window_seconds
    )
    ConfiguredProtocol.body_memory = BodyMemory(settings.body_memory_bytes)
    ConfiguredProtocol.answer_memory = AnswerMemory(settings.body_memory_bytes)
    ConfiguredProtocol.max_connections = settings.max_connections
    too_many = f"more than {settings.max_connections} connections: further ones are refused"
    unread = f"more than {settings.body_memory_bytes} bytes of answers wait for clients that do "
    ConfiguredProtocol.warn_too_many = staticmethod(_warn_once_per_minute(too_many))
    ConfiguredProtocol.warn_unread = staticmethod(
        _warn_once_per_minute(f"{unread}not read: those that have waited longest are disconnected")
    )
    return ConfiguredProtocol


def _warn_once_per_minute(message: str) -> Callable[[], None]:
    warned = -math.inf

    def warn() -> None:
        nonlocal warned
        if time.monotonic() - warned > 60:
            warned = time.monotonic()
            logger.warning(message)

    return warn


async def watch_transfers(connections: Collection[asyncio.Protocol], seconds: float) -> None:
    """Check the rates of all bounded connections once per `seconds`, until cancelled."""
    while True:
        await asyncio.sleep(seconds)
        for connection in list(connections):
            if isinstance(connection, BoundedProtocol):
                try:
                    connection.check_transfer()
                except Exception:
                    # The connections after this one must still be checked.
                    logger.exception("the rate of a connection could not be checked")
