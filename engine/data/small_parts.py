"""The finding that a part of the rows is too small for its metrics to be precise."""

from typing import Literal

from engine.findings import Finding

# Metrics of fewer rows are rough.
FEW_ROWS = 10


def few_rows(part: Literal["validation", "test"], rows: int) -> Finding | None:
    """Return the finding that the part has few rows; None if it has enough, or none at all."""
    if not 0 < rows < FEW_ROWS:
        return None
    plural = "" if rows == 1 else "s"
    detail = f"with {rows} {part} row{plural}, {part} metrics are rough"
    return Finding("info", f"/{part}", "few_rows", detail)
