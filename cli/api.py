"""`backpropd api`: run the HTTP API in this process, or in several that share the port."""

import gc
import resource
import signal
import socket
import sys
from collections.abc import Sequence
from types import FrameType

from cli.errors import CommandError
from cli.serving.gc_tuning import reduce_gc_pauses
from cli.serving.malloc_tuning import keep_freed_memory
from cli.serving.sockets import allow_host, listen, url_of
from cli.serving.thread_tuning import switch_threads_often
from store.errors import ConfigurationError
from store.settings import Settings, load_settings

MOST_FILES = 65_536
# Files other than connections: databases, blobs, sockets of the server.
RESERVED_FILES = 256


def run_api(host: str, port: int, descriptors: Sequence[int], processes: int) -> None:
    """Serve until a signal requests a stop.

    Args:
        host: address to listen on.
        port: port to listen on; 0 selects a free one.
        descriptors: inherited listening sockets, instead of an address: that of this process, and
            those of other API processes.
        processes: number of processes.

    Raises CommandError, StoreError if the API cannot start.
    """
    settings = load_settings()
    if settings.broker_url is None:
        msg = "BACKPROPD_BROKER_URL is not set (`backpropd up` starts an embedded broker)"
        raise ConfigurationError(msg)
    settings = _allow_many_connections(allow_host(settings, host))
    if processes == 1:
        _serve(settings, host, port, descriptors)
    elif descriptors:
        msg = "--processes needs an address: with --fd, one process serves the inherited socket"
        raise CommandError(msg)
    else:
        from cli.serving.processes import run_processes

        run_processes(settings, host, port, processes, _log)


def _allow_many_connections(settings: Settings) -> Settings:
    """Raise the limit of open files, and return the settings with as many connections as it allows.

    Each event stream is a connection, and 1024 files are a usual limit.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    possible = max(1, max(soft, wanted) - RESERVED_FILES)
    if soft == resource.RLIM_INFINITY or settings.max_connections <= possible:
        return settings
    _log(f"{possible} connections instead of {settings.max_connections}: open files are limited")
    return settings.model_copy(update={"max_connections": possible})


def _serve(settings: Settings, host: str, port: int, descriptors: Sequence[int]) -> None:
    # Start-up creates no garbage, and collections would take a fifth of its time.
    gc.disable()
    own, *others = map(_inherited, descriptors) if descriptors else [listen(host, port)]
    # Imported late, so that a port that is taken is known at once.
    from cli.serving.bounded_protocol import bounded_protocol
    from cli.serving.server import ApiServer, server_config
    from service.app import create_app

    app = create_app(settings)
    protocol = bounded_protocol(settings, app.state.prefixes)
    reduce_gc_pauses()
    keep_freed_memory()
    switch_threads_often()
    context = app.state.context
    server = ApiServer(
        server_config(app, protocol), context.feeds.close, context.stopping.set, others
    )
    # uvicorn raises the signal again after its shutdown; a requested stop exits with status 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _exit)
    if not descriptors:
        _log(f"listening on {url_of(own, host)}")
    app.state.document.start()
    server.run(sockets=[own])


def _inherited(descriptor: int) -> socket.socket:
    try:
        return socket.socket(fileno=descriptor)
    except OSError as error:
        msg = f"file descriptor {descriptor} is not a socket"
        raise CommandError(msg) from error


def _exit(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)


def _log(line: str) -> None:
    print(f"backpropd: {line}", file=sys.stderr, flush=True)
