"""Rows of a table that are trained on, validated or tested, with their per-row scalars."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Indices
from engine.data.table import Column, Table
from engine.preprocessing.fitted import FittedTarget
from engine.preprocessing.labels import Labels, NoLabels, read_labels
from engine.preprocessing.missing_values import find_incomplete_rows
from engine.specs import ResolvedSpec


@dataclass(frozen=True)
class RowSource:
    """A table with its per-row scalars: targets, weights, and which rows are usable."""

    table: Table
    columns: Mapping[str, Column]
    labels: Labels
    usable: Indices


@dataclass(frozen=True)
class Subset:
    """Training, validation or test rows of a source; their arrays' names end with `suffix`."""

    source: RowSource
    rows: Indices
    suffix: str

    @property
    def name(self) -> str:
        """The split's name."""
        return self.suffix.removeprefix("_") or "training"


def read_rows(
    spec: ResolvedSpec, table: Table, fitted: FittedTarget | None, *, is_other: bool = False
) -> RowSource:
    """Read the per-row scalars of a table. Raises DataError.

    Args:
        spec: the training's spec.
        table: the table to read.
        fitted: a fitted target whose classes the table must use; None to fit a new one.
        is_other: whether all rows of the table are of one part, so that no column splits them.
    """
    split_columns = () if is_other else spec.split_columns
    names = (*spec.targets, spec.sample_weight, *split_columns)
    columns = table.read(tuple(dict.fromkeys(name for name in names if name)))
    labels: Labels = NoLabels(table.rows)
    if spec.targets:
        labels = read_labels(spec, columns, fitted)
    is_usable = labels.present
    incomplete = find_incomplete_rows(table, spec.features, spec.preprocessing)
    if incomplete is not None:
        is_usable = is_usable & ~incomplete
    return RowSource(table, columns, labels, np.flatnonzero(is_usable))
