"""The `backpropd` command. Subcommands import their modules when they run, to keep help fast."""

import os
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
Port = Annotated[int, typer.Option(help="Port; 0 selects a free one.", min=0, max=65535)]
Cores = Annotated[
    int | None,
    typer.Option(help="Number of jobs trained concurrently.", min=1, show_default="one per core"),
]
ApiProcesses = Annotated[
    int,
    typer.Option(
        help="Number of API processes; they share the port by SO_REUSEPORT. More than one needs "
        "Linux.",
        min=1,
    ),
]


@app.callback()
def _keep_files_private() -> None:
    # Database, blobs and caches hold secrets and data of the service's user alone.
    os.umask(0o077)


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    data: Annotated[
        Path | None, typer.Option(help="Data directory.", show_default="./data")
    ] = None,
    workers: Cores = None,
    api_processes: ApiProcesses = 1,
) -> None:
    """Run the whole service: broker, database, API and workers, supervised."""
    from cli.errors import as_one_line
    from cli.up import run_service

    with as_one_line():
        run_service(host, port, data, workers, api_processes)


@app.command()
def api(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    processes: ApiProcesses = 1,
    fd: Annotated[
        list[int] | None,
        typer.Option(
            help="For `backpropd up` and `--processes`: file descriptor of an inherited socket to "
            "serve. Further ones are those of other processes on the same port: connections that "
            "wait there are accepted too.",
            min=0,
        ),
    ] = None,
) -> None:
    """Run only the HTTP API, on the database and broker of the BACKPROPD_* settings."""
    from cli.serving.blas import restart_with_worker_blas

    # Before the other imports: they take time, and one of them may be NumPy's.
    restart_with_worker_blas()
    from cli.api import run_api
    from cli.errors import as_one_line

    with as_one_line():
        run_api(host, port, fd or [], processes)


@app.command()
def worker(
    concurrency: Cores = None,
    name: Annotated[
        str | None,
        typer.Option(help="Unique name of the worker.", show_default="host name and random suffix"),
    ] = None,
) -> None:
    """Run only a worker, on the database and broker of the BACKPROPD_* settings."""
    from cli.errors import as_one_line
    from cli.worker import exec_worker

    with as_one_line():
        exec_worker(concurrency, name)


@app.command()
def alive() -> None:
    """Exit with status 0 if a worker of this host is alive: a container's health check."""
    from cli.errors import as_one_line
    from cli.health import check_worker

    with as_one_line():
        check_worker()


@app.command()
def migrate() -> None:
    """Migrate the database schema to this version."""
    from cli.errors import as_one_line
    from cli.migrate import migrate_database

    with as_one_line():
        migrate_database()


@app.command()
def demo() -> None:
    """Train the bundled digits through a temporary service."""
    from cli.demo.demo import run_demo
    from cli.errors import as_one_line

    with as_one_line():
        raise typer.Exit(run_demo())
