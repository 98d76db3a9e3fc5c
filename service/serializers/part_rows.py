"""Numbers of rows of the parts of a training to response schemas."""

from typing import Any

from engine.resolution.row_counts import RowCounts
from service.schemas.part_rows import JobRowsView, PartRowsView


def part_rows_view(rows: RowCounts) -> PartRowsView:
    """Return the response schema of the rows of each part."""
    counts = {"training": rows.training, "validation": rows.validation, "test": rows.test}
    return PartRowsView(
        **{part: None if part in rows.unknown else count for part, count in counts.items()}
    )


def job_rows_view(rows: dict[str, Any] | None) -> JobRowsView | None:
    """Return the response schema of the stored rows of a job; None before they are known."""
    return None if rows is None else JobRowsView(**{**rows, "folds": rows["folds"] or None})
