"""Losses as CSV, for a spreadsheet or a plot."""

import csv
import io
from collections.abc import Sequence

from engine.metrics import Metric
from store.progress import LossRecord

COLUMNS = ("epoch", "loss", "validation_loss", "learning_rate", "gradient_norm", "seconds")


def wants_csv(accept: str) -> bool:
    """Whether an Accept header asks for CSV rather than JSON."""
    kinds = [kind.partition(";")[0].strip() for kind in accept.split(",")]
    return "text/csv" in kinds and "application/json" not in kinds


def _is_number(value: Metric) -> bool:
    return isinstance(value, float)


def losses_as_csv(losses: Sequence[LossRecord]) -> str:
    """A header and a line an epoch; metrics have a column each."""
    # A matrix or a list has no place in a cell.
    metrics = sorted(
        {name for loss in losses for name, value in loss.metrics.items() if _is_number(value)}
    )
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, *metrics])
    for loss in losses:
        values = [getattr(loss, column) for column in COLUMNS]
        writer.writerow([*values, *(loss.metrics.get(name) for name in metrics)])
    return text.getvalue()
