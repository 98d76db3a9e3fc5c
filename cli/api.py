"""`backpropd api`: the HTTP API, in this process."""

import copy
import signal
import socket
import sys
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from cli.errors import CommandError
from cli.listening import BACKLOG, listen, url_of
from store.settings import load_settings

STOP_SECONDS = 3
KEEP_ALIVE_SECONDS = 30


def run_api(host: str, port: int, descriptor: int | None) -> None:
    """Serve until a signal asks to stop. Raises CommandError when it cannot start."""
    settings = load_settings()
    if settings.broker_url is None:
        msg = "BACKPROPD_BROKER_URL is not set (`backpropd up` brings a broker of its own)"
        raise CommandError(msg)
    listener = listen(host, port) if descriptor is None else _inherited(descriptor)
    from service.app import create_app  # noqa: PLC0415 - a port that is taken is known at once

    server = uvicorn.Server(_config(create_app(settings)))
    # uvicorn repeats the signal when it is done; a stop that was asked for is no failure.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    if descriptor is None:
        print(f"backpropd: listening on {url_of(listener, host)}", file=sys.stderr, flush=True)
    server.run(sockets=[listener])


def _inherited(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        msg = f"file descriptor {descriptor} is not a socket"
        raise CommandError(msg) from error


def _config(app: Any) -> uvicorn.Config:  # noqa: ANN401 - an ASGI application
    logging = copy.deepcopy(LOGGING_CONFIG)
    for handler in logging["handlers"].values():
        handler["stream"] = "ext://sys.stderr"
    return uvicorn.Config(
        app,
        http="httptools",
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


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)
