"""The rows of a table that a network is trained on, found again from spec and table."""

from engine.arrays import Indices
from engine.data.table import Table
from engine.preparation.subsets import RowSource, read_rows
from engine.preparation.train_validation_split import RowSplit, split_rows
from engine.preprocessing.fitted import FittedTarget
from engine.specs import ResolvedSpec


def split_table(
    spec: ResolvedSpec, table: Table, fitted: FittedTarget | None, fold: int | None
) -> tuple[RowSource, RowSplit]:
    """Return the per-row scalars of a table, and its split. Raises DataError.

    Args:
        spec: the training's spec.
        table: table with all of `spec.needed_columns`.
        fitted: the target of the initial weights' preprocessing; None for new weights.
        fold: index of the validation fold, from 0; None to train on all rows.
    """
    source = read_rows(spec, table, fitted)
    return source, split_rows(spec, source.columns, source.labels, source.usable, fold, table.words)


def find_training_rows(
    spec: ResolvedSpec, table: Table, fitted: FittedTarget | None, fold: int | None
) -> Indices:
    """Return the row number of each training row, `(training rows,)`, in the arrays' order.

    Row numbers count the table's rows from 0. The arguments are those of `split_table`.
    """
    return split_table(spec, table, fitted, fold)[1].training
