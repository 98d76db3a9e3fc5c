"""The `backpropd` command. Each subcommand imports what it needs when it runs: help is instant."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="A self-hosted REST service that trains neural networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port; 0 takes a free one.", min=0, max=65535)]
Cores = Annotated[
    int | None, typer.Option(help="Jobs trained at once.", min=1, show_default="one per core")
]


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data: Annotated[
        Path | None, typer.Option(help="Where everything is kept.", show_default="./data")
    ] = None,
    workers: Cores = None,
) -> None:
    """Run the whole service: broker, database, API and workers, supervised."""
    from cli.errors import as_one_line
    from cli.up import run_service

    with as_one_line():
        run_service(host, port, data, workers)


@app.command()
def api(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    fd: Annotated[
        int | None, typer.Option(help="Serve this inherited socket instead.", min=0)
    ] = None,
) -> None:
    """Run the HTTP API alone, on the database and broker that BACKPROPD_* names."""
    from cli.api import run_api
    from cli.errors import as_one_line

    with as_one_line():
        run_api(host, port, fd)


@app.command()
def worker(
    concurrency: Cores = None,
    name: Annotated[
        str | None, typer.Option(help="Unlike any other's.", show_default="the host's and a number")
    ] = None,
) -> None:
    """Run one worker alone, on the database and broker that BACKPROPD_* names."""
    from cli.errors import as_one_line
    from cli.worker import exec_worker

    with as_one_line():
        exec_worker(concurrency, name)


@app.command()
def alive() -> None:
    """Exit with 0 when a worker of this host is alive: a container's health check."""
    from cli.errors import as_one_line
    from cli.health import check_worker

    with as_one_line():
        check_worker()


@app.command()
def migrate() -> None:
    """Bring the database's schema to this version's."""
    from cli.errors import as_one_line
    from cli.migrate import migrate_database

    with as_one_line():
        migrate_database()


@app.command()
def demo() -> None:
    """Train the digits that ship with the project, through the whole service."""
    from cli.demo.demo import run_demo
    from cli.errors import as_one_line

    with as_one_line():
        raise typer.Exit(run_demo())
