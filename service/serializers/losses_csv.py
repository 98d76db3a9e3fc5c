"""Losses as CSV."""

from collections.abc import Sequence

from engine.metrics import Metric
from service.http.csv import as_csv
from store.jobs.training.losses import LossRecord

COLUMNS = ("epoch", "loss", "validation_loss", "learning_rate", "gradient_norm", "seconds")
Cells = dict[str, float | None]


def losses_as_csv(losses: Sequence[LossRecord]) -> str:
    """Write a header and one line per epoch: a column per metric, and per value of a list."""
    cells = [_cells(loss.metrics) for loss in losses]
    # Ordered by the metric's name; the values of a list stay in their order.
    names = dict.fromkeys(name for row in cells for name in row)
    metrics = sorted(names, key=lambda name: name.partition(".")[0])
    rows = (
        [*(getattr(loss, column) for column in COLUMNS), *(row.get(name) for name in metrics)]
        for loss, row in zip(losses, cells, strict=True)
    )
    return as_csv((*COLUMNS, *metrics), rows)


def _cells(metrics: dict[str, Metric]) -> Cells:
    """Return the values by column, those of a list as `name.0`, `name.1`, …; no matrices."""
    cells: Cells = {}
    for name, value in metrics.items():
        if isinstance(value, float):
            cells[name] = value
        elif isinstance(value, list):
            cells |= {
                f"{name}.{index}": one
                for index, one in enumerate(value)
                if not isinstance(one, list)
            }
    return cells
