"""The API processes that share one address: one listening socket each."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from socket import socket

from cli.serving.sockets import close_all, listen_together, url_of
from cli.supervision.environment import child_environment
from cli.supervision.process import Program
from cli.supervision.signals import Signals
from cli.supervision.supervisor import StopRequested, Supervisor
from store.db.database import Database
from store.db.migrate import check_schema
from store.settings import Settings

# -P: modules in the working directory must not replace those of the service.
_COMMAND = (sys.executable, "-P", "-m", "cli", "api")


def run_processes(
    settings: Settings, host: str, port: int, count: int, log: Callable[[str], None]
) -> None:
    """Keep `count` API processes running until a signal requests a stop.

    Raises CommandError, SchemaError, StoreUnavailableError if they cannot start.
    """
    with Signals() as signals, listen_together(host, port, count) as listeners:
        _check_database(settings.database_url)
        supervisor = Supervisor(signals, log)
        try:
            for program in api_programs(settings, listeners):
                supervisor.start(program)
            log(f"listening on {url_of(listeners[0], host)}")
            with suppress(StopRequested):
                supervisor.wait_until(lambda: False, every=0.5)
        finally:
            # From here on, new connections are refused instead of queued.
            close_all(listeners)
            supervisor.stop()


def api_programs(settings: Settings, listeners: Sequence[socket]) -> Iterator[Program]:
    """Yield one program per socket; its process also accepts what waits at the other sockets.

    Each process gets an equal share of the model cache's limit.
    """
    limit = max(1, settings.model_cache_bytes // len(listeners))
    environment = child_environment(settings.model_copy(update={"model_cache_bytes": limit}))
    descriptors = tuple(listener.fileno() for listener in listeners)
    for index, own in enumerate(descriptors):
        others = (*descriptors[:index], *descriptors[index + 1 :])
        yield Program(
            f"api {index + 1}" if others else "api",
            [*_COMMAND, *(part for fd in (own, *others) for part in ("--fd", str(fd)))],
            environment,
            pass_fds=descriptors,
        )


def _check_database(url: str) -> None:
    """Check what would prevent all processes from starting: they would be restarted forever."""
    database = Database(url)
    try:
        check_schema(database)
    finally:
        database.close()
