"""Rows that are left out of training because a value is missing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.data.table import Column, NumericColumn, Table
from engine.preprocessing.column_options import spec_for
from engine.specs import ResolvedPreprocessing


def find_incomplete_rows(
    table: Table, names: Sequence[str], spec: ResolvedPreprocessing
) -> NDArray[np.bool_] | None:
    """Rows where a column with drop_row has no value, shape `(rows,)`; None if there is no such."""
    dropping = [name for name in names if spec_for(spec, name).missing == "drop_row"]
    if not dropping:
        return None
    chunks = [
        np.any([is_missing(column) for column in chunk.values()], axis=0)
        for chunk in table.chunks(dropping)
    ]
    return np.concatenate(chunks) if chunks else np.zeros(0, np.bool_)


def is_missing(column: Column) -> NDArray[np.bool_]:
    """Where a column has no value, shape `(rows,)`."""
    found: NDArray[np.bool_] = (
        np.isnan(column.values) if isinstance(column, NumericColumn) else column.codes < 0
    )
    return found
