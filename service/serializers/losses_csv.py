"""Losses as CSV."""

from collections.abc import Sequence

from engine.metrics import Metric
from service.http.csv import as_csv
from store.jobs.training.losses import LossRecord

COLUMNS = ("epoch", "loss", "validation_loss", "learning_rate", "gradient_norm", "seconds")


def _number(value: Metric | None) -> float | None:
    return value if isinstance(value, float) else None


def losses_as_csv(losses: Sequence[LossRecord]) -> str:
    """Write a header and one line per epoch, with one column per scalar metric."""
    # Matrices and lists do not fit into a cell.
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
