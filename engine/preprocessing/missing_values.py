"""Detection of missing values, and of the training rows dropped for them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.table import Column, NumericColumn, Table
from engine.preprocessing.column_options import options_for
from engine.specs import ResolvedPreprocessing


def find_incomplete_rows(
    table: Table, names: Sequence[str], spec: ResolvedPreprocessing
) -> NDArray[np.bool_] | None:
    """Return the rows to drop for missing values, `(rows,)`; None if no column drops rows."""
    dropping = [name for name in names if options_for(spec, name).missing == "drop_row"]
    if not dropping:
        return None
    chunks = [
        np.any([is_missing(column) for column in chunk.values()], axis=0)
        for chunk in table.chunks(dropping)
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0, np.bool_)


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Return where a column has no value, shape `(rows,)`."""
    missing: NDArray[np.bool_] = (
        np.isnan(column.values) if isinstance(column, NumericColumn) else column.codes < 0
    )
    return missing
