"""The HTTP server of one API process."""

import asyncio
import copy
import socket
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from cli.serving.bounded_protocol import BoundedProtocol, watch_transfers
from cli.serving.forwarded_host import ForwardedHeaders
from cli.serving.sockets import BACKLOG
from cli.serving.waiting_connections import accept_waiting

STOP_SECONDS = 3
KEEP_ALIVE_SECONDS = 30


class ApiServer(uvicorn.Server):
    """Serves its own socket, and the connections that wait at those of other API processes.

    It closes event streams before it waits for responses to complete.

    Args:
        config: uvicorn's configuration.
        close_streams: ends all event streams.
        stop_work: ends the work of requests; called a second before their tasks are cancelled.
        others: listening sockets of the other API processes on the same address.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        close_streams: Callable[[], None],
        stop_work: Callable[[], None],
        others: Sequence[socket.socket] = (),
    ) -> None:
        super().__init__(config)
        self._close_streams = close_streams
        self._stop_work = stop_work
        self._others = others
        self._helpers: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then serve."""
        await super().startup(sockets)
        if self._others:
            waiting = accept_waiting(self._others, self._make_protocol)
            self._helpers.append(asyncio.create_task(waiting, name="waiting connections"))
        protocol = self.config.http_protocol_class
        if issubclass(protocol, BoundedProtocol):
            watch = watch_transfers(self.server_state.connections, protocol.rate_limit.tick_seconds)
            self._helpers.append(asyncio.create_task(watch, name="transfer rates"))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, close the event streams, and complete the responses."""
        for helper in self._helpers:
            helper.cancel()
        await asyncio.gather(*self._helpers, return_exceptions=True)
        for listener in self._others:
            listener.close()
        self._close_streams()
        timer = asyncio.get_running_loop().call_later(STOP_SECONDS - 1, self._stop_work)
        await super().shutdown(sockets)
        timer.cancel()

    def _make_protocol(self) -> asyncio.Protocol:
        """Return a protocol as uvicorn creates it for the connections of its own sockets."""
        make: Callable[..., asyncio.Protocol] = self.config.http_protocol_class
        return make(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )


def server_config(
    app: Any,  # noqa: ANN401 - an ASGI application
    protocol: type[asyncio.Protocol],
) -> uvicorn.Config:
    """Return uvicorn's configuration for the application."""
    logging = copy.deepcopy(LOGGING_CONFIG)
    for handler in logging["handlers"].values():
        handler["stream"] = "ext://sys.stderr"
    config = uvicorn.Config(
        app,
        http=protocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=logging,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    config.app = ForwardedHeaders(app, config.forwarded_allow_ips)
    return config
