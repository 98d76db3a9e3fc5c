"""Losses as CSV, for a spreadsheet or a plot."""

import csv
import io
from collections.abc import Sequence

from store.progress import LossRecord

COLUMNS = ("epoch", "loss", "validation_loss", "learning_rate", "gradient_norm", "seconds")


def wants_csv(accept: str) -> bool:
    """Whether an Accept header asks for CSV rather than JSON."""
    kinds = [kind.partition(";")[0].strip() for kind in accept.split(",")]
    return "text/csv" in kinds and "application/json" not in kinds


def losses_as_csv(losses: Sequence[LossRecord]) -> str:
    """A header and a line an epoch; metrics have a column each."""
    metrics = sorted({name for loss in losses for name in loss.metrics})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*COLUMNS, *metrics])
    for loss in losses:
        values = [getattr(loss, column) for column in COLUMNS]
        writer.writerow([*values, *(loss.metrics.get(name) for name in metrics)])
    return text.getvalue()
