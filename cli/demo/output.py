"""Output of `backpropd demo`: a progress bar on a terminal, plain lines elsewhere."""

import json
import shlex
from collections.abc import Sequence
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cli.demo.digits import DIGITS_PATH

LINE_EVERY = 5
SHADES = " ·▒█"
SHOWN = 5


def show(title: str, *lines: str) -> None:
    """Print a step of the demonstration."""
    for number, line in enumerate(lines):
        print(f"{'' if number else title:<9} {line}", flush=True)


class ProgressPrinter:
    """Prints the training's progress per epoch."""

    def __init__(self, epochs: int) -> None:
        console = Console()
        self._last = epochs - 1
        self._bar = Progress(
            TextColumn("training "),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("waiting for a worker", total=epochs)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def add(self, losses: Sequence[dict[str, Any]]) -> None:
        """Show newly completed epochs."""
        for loss in losses:
            text = f"loss {loss['loss']:.4f}  validation {loss['validation_loss']:.4f}"
            self._bar.update(self._task, completed=loss["epoch"] + 1, description=text)
            # On a terminal these lines are printed above the bar.
            if loss["epoch"] % LINE_EVERY == 0 or loss["epoch"] == self._last:
                title = "" if loss["epoch"] else "loss"
                self._bar.console.print(f"{title:<9} epoch {loss['epoch'] + 1:>2}: {text}")


def print_predictions(
    rows: Sequence[Sequence[int]], pairs: Sequence[tuple[dict[str, Any], int]]
) -> None:
    """Print some digits as character graphics with their predicted and true labels."""
    wrong = [n for n, (found, truth) in enumerate(pairs) if str(found["label"]) != str(truth)]
    right = [n for n in range(len(pairs)) if n not in wrong]
    chosen = (right[: SHOWN - 1] + wrong)[:SHOWN]
    says = [f"{pairs[n][0]['label']} ({pairs[n][0]['probability']:.2f})" for n in chosen]
    drawn = [[_pixels(rows[n][8 * y : 8 * y + 8]) for n in chosen] for y in range(8)]
    print()
    for cells in drawn:
        _print_cells("", cells)
    _print_cells("predicted", says)
    _print_cells("truth", [str(pairs[n][1]) for n in chosen])


def _print_cells(title: str, cells: Sequence[str]) -> None:
    print(f"{title:<9} " + "    ".join(f"{cell:<16}" for cell in cells).rstrip())


def _pixels(values: Sequence[int]) -> str:
    # Two characters per pixel, because a character is twice as high as wide.
    return "".join(SHADES[min(value // 5, 3)] * 2 for value in values)


def print_by_hand(job: dict[str, Any], row: Sequence[int]) -> None:
    """Print the equivalent curl commands."""
    print("\nThe same by hand, with `./run up` in another terminal:\n")
    print(commands("http://127.0.0.1:8000", job, row))


def commands(url: str, job: dict[str, Any], row: Sequence[int]) -> str:
    """Return a shell session that uploads, trains, shows the losses and predicts with curl."""
    # The shell substitutes the dataset's id, so the body is in double quotes.
    body = json.dumps({"dataset_id": "$DATASET", **job}).replace('"', '\\"')
    file = shlex.quote(f"@{DIGITS_PATH}")
    rows = json.dumps({"rows": [list(row)]}, separators=(",", ":"))
    return f"""\
URL={url}
DATASET=$(curl -s -H 'Content-Type: text/csv' --data-binary {file} \\
  $URL/v1/datasets | grep -o 'ds_[0-9a-f-]*' | head -n 1)
JOB=$(curl -s -H 'Content-Type: application/json' -d "{body}" \\
  $URL/v1/jobs | grep -o 'job_[0-9a-f-]*' | head -n 1)
until curl -s $URL/v1/jobs/$JOB | grep -q '"is_terminal":true'; do sleep 0.2; done
curl -s $URL/v1/jobs/$JOB/losses; echo
MODEL=$(curl -s $URL/v1/jobs/$JOB | grep -o 'mdl_[0-9a-f-]*' | head -n 1)
curl -s -H 'Content-Type: application/json' -d '{rows}' \\
  $URL/v1/models/$MODEL/predict"""
