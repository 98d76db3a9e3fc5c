"""Errors of a command: one line on stderr for the operator, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer
from pydantic import ValidationError

from store.errors import ConfigurationError, StoreError

FAILURE = 1
# A further start fails as well, until the operator has changed something.
UNUSABLE_CONFIGURATION = 2


class CommandError(Exception):
    """The command cannot continue; the message states why."""


@contextmanager
def as_one_line() -> Iterator[None]:
    """Convert errors that the operator can fix into one line on stderr and an exit status.

    The status is 2 if settings, schema or database file cannot work as they are, else 1.
    """
    try:
        yield
    except ValidationError as error:
        line = "; ".join(_setting(details["loc"], details["msg"]) for details in error.errors())
        _give_up(line, UNUSABLE_CONFIGURATION)
    except ConfigurationError as error:
        _give_up(str(error), UNUSABLE_CONFIGURATION)
    except (CommandError, StoreError, OSError) as error:
        _give_up(str(error), FAILURE)


def _setting(location: tuple[int | str, ...], message: str) -> str:
    name = "_".join(str(part) for part in location).upper()
    return f"BACKPROPD_{name}: {message}" if name else message


def _give_up(line: str, status: int) -> None:
    typer.echo(f"backpropd: {' '.join(line.split())}", err=True)
    raise typer.Exit(status)
