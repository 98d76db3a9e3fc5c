"""`backpropd api`: run the HTTP API in this process."""

import asyncio
import copy
import gc
import resource
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from cli.errors import CommandError
from cli.serving.gc_tuning import reduce_gc_pauses
from cli.serving.sockets import BACKLOG, listen, url_of
from store.settings import load_settings

STOP_SECONDS = 3
KEEP_ALIVE_SECONDS = 30
MOST_FILES = 65_536


def run_api(host: str, port: int, descriptor: int | None) -> None:
    """Serve until a signal requests a stop. Raises CommandError if the API cannot start."""
    settings = load_settings()
    if settings.broker_url is None:
        msg = "BACKPROPD_BROKER_URL is not set (`backpropd up` starts an embedded broker)"
        raise CommandError(msg)
    _allow_many_connections()
    # Start-up creates no garbage, and collections would take a fifth of its time.
    gc.disable()
    listener = listen(host, port) if descriptor is None else _inherited(descriptor)
    # Imported late, so that a port that is taken is known at once.
    from cli.serving.http_timeouts import timeout_protocol
    from service.app import create_app

    app = create_app(settings)
    protocol = timeout_protocol(settings.client_timeout_seconds, app.state.prefixes)
    reduce_gc_pauses()
    server = _Server(_config(app, protocol), app.state.context.feeds.close)
    # uvicorn raises the signal again after its shutdown; a requested stop exits with status 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    if descriptor is None:
        print(f"backpropd: listening on {url_of(listener, host)}", file=sys.stderr, flush=True)
    server.run(sockets=[listener])


def _allow_many_connections() -> None:
    """Raise the limit of open files: each event stream needs one, and 1024 is a usual limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


class _Server(uvicorn.Server):
    """A server that closes event streams before it waits for responses to complete."""

    def __init__(self, config: uvicorn.Config, close_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._close_streams = close_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the event streams and stop serving."""
        self._close_streams()
        await super().shutdown(sockets)


def _inherited(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        msg = f"file descriptor {descriptor} is not a socket"
        raise CommandError(msg) from error


def _config(
    app: Any,  # noqa: ANN401 - an ASGI application
    protocol: type[asyncio.Protocol],
) -> uvicorn.Config:
    logging = copy.deepcopy(LOGGING_CONFIG)
    for handler in logging["handlers"].values():
        handler["stream"] = "ext://sys.stderr"
    return uvicorn.Config(
        app,
        http=protocol,
        loop="uvloop",
        ws="none",
        lifespan="on",
        log_config=logging,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
