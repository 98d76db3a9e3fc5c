"""`backpropd alive`: health check of a container that runs a worker."""

import socket

from cli.errors import CommandError
from store.db.database import Database
from store.settings import load_settings
from store.workers import MISSED_SWEEPS, list_live_workers


def check_worker() -> None:
    """Raise CommandError unless a worker of this host has announced itself recently."""
    settings = load_settings()
    database = Database(settings.database_url)
    try:
        with database.reading() as session:
            names = list_live_workers(session, MISSED_SWEEPS * settings.sweep_seconds)
    finally:
        database.close()
    host = socket.gethostname()
    if not any(name.startswith(f"{host}-") for name in names):
        msg = f"no worker of {host} has announced itself recently"
        raise CommandError(msg)
