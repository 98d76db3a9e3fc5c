"""`backpropd up`: run broker, API and workers from one command on this machine."""

import os
import secrets
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from socket import socket

from cli.directories import data_folder, socket_folder
from cli.embedded_broker import find_brokers, start_broker
from cli.serving.processes import api_programs
from cli.serving.sockets import allow_host, close_all, listen_together, local_address, url_of
from cli.supervision.environment import child_environment
from cli.supervision.process import LONGEST_DELAY_SECONDS, Program
from cli.supervision.readiness import Readiness
from cli.supervision.signals import Signals
from cli.supervision.supervisor import StopRequested, Supervisor
from cli.worker import count_cores
from store.db.migrate import upgrade
from store.settings import Settings, load_settings
from workers.process.launch import standby_command


def run_service(
    host: str, port: int, data: Path | None, workers: int | None, api_processes: int
) -> None:
    """Run until a signal requests a stop. Raises CommandError if the service cannot start."""
    settings = allow_host(load_settings(data_dir=data), host)
    with (
        Signals() as signals,
        listen_together(host, port, api_processes) as listeners,
        data_folder(settings.data_dir) as folder,
        socket_folder(folder / "broker") as sockets,
    ):
        # Python and Celery import from the working directory first: it must be a private folder.
        os.chdir(folder)
        supervisor = Supervisor(signals, _log, _longest_delay(settings))
        try:
            with suppress(StopRequested):
                upgrade(settings.database_url)
                brokers = find_brokers(settings.broker_url, folder / "broker", sockets)
                broker = start_broker(supervisor, brokers)
                _log(f"broker: {broker.kind}, data: {folder}")
                chosen = settings.model_copy(update={"data_dir": folder, "broker_url": broker.url})
                _serve(supervisor, chosen, listeners, url_of(listeners[0], host), workers)
        finally:
            # From here on, new connections are refused instead of queued.
            close_all(listeners)
            supervisor.stop()


def _serve(
    supervisor: Supervisor,
    settings: Settings,
    listeners: Sequence[socket],
    url: str,
    workers: int | None,
) -> None:
    name = f"up-{secrets.token_hex(4)}"
    for program in api_programs(settings, listeners):
        supervisor.start(program)
    supervisor.start(_worker_program(settings, workers or count_cores(), name))
    readiness = Readiness(local_address(listeners[0]), name)
    while not supervisor.wait_until(readiness.is_reached, seconds=15):
        _log(f"still waiting: {readiness.reason}")
    for warning in readiness.warnings:
        _log(f"warning: {warning}")
    print(f"ready {url}", flush=True)
    supervisor.wait_until(lambda: False, every=0.5)


def _worker_program(settings: Settings, concurrency: int, name: str) -> Program:
    return Program(
        "worker",
        standby_command(concurrency, name),
        child_environment(settings),
        # With the filesystem broker, Celery takes five seconds to shut down.
        grace_seconds=10.0,
        has_spare=True,
    )


def _longest_delay(settings: Settings) -> float:
    """Return the longest back-off in seconds, which must not delay the rescue of a job.

    A rescue takes a lease and a sweep: a worker or broker that returns before the lease has expired
    costs no time, and the rest of the lease is for the start.
    """
    return min(LONGEST_DELAY_SECONDS, settings.lease_seconds / 4)


def _log(line: str) -> None:
    print(f"backpropd: {line}", file=sys.stderr, flush=True)
