"""Losses as CSV, for a spreadsheet or a plot."""

from collections.abc import Sequence

from engine.metrics import Metric
from service.http.csv import as_csv
from store.jobs.progress import LossRecord

COLUMNS = ("epoch", "loss", "validation_loss", "learning_rate", "gradient_norm", "seconds")


def _number(value: Metric | None) -> float | None:
    return value if isinstance(value, float) else None


def losses_as_csv(losses: Sequence[LossRecord]) -> str:
    """A header and a line an epoch; metrics have a column each."""
    # A matrix or a list has no place in a cell.
    metrics = sorted(
        {
            name
            for loss in losses
            for name, value in loss.metrics.items()
            if isinstance(value, float)
        }
    )
    rows = (
        [
            *(getattr(loss, column) for column in COLUMNS),
            *(_number(loss.metrics.get(name)) for name in metrics),
        ]
        for loss in losses
    )
    return as_csv((*COLUMNS, *metrics), rows)
