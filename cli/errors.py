"""Errors of a command: one line on stderr for the operator, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError

from store.errors import StoreError


class CommandError(Exception):
    """The command cannot continue; the message states why."""


@contextmanager
def as_one_line() -> Iterator[None]:
    """Convert errors that the operator can fix into one line on stderr and exit status 1."""
    try:
        yield
    except ValidationError as error:
        _give_up("; ".join(_setting(details["loc"], details["msg"]) for details in error.errors()))
    except (CommandError, StoreError, OSError) as error:
        _give_up(" ".join(str(error).split()))


def _setting(location: tuple[int | str, ...], message: str) -> str:
    name = "_".join(str(part) for part in location).upper()
    return f"BACKPROPD_{name}: {message}" if name else message


def _give_up(line: str) -> None:
    typer.echo(f"backpropd: {line}", err=True)
    raise typer.Exit(1)
