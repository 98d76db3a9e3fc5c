"""Selection of the validation or test rows among the usable rows of a table."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.group_splits import draw_group_folds, group_indices, split_groups
from engine.data.ordered_folds import count_values, ordered_blocks
from engine.data.splits import draw_folds, split, split_by_class, split_by_order
from engine.data.table import Column, NumericColumn
from engine.errors import DataError
from engine.preprocessing.labels import Labels, NumberLabels
from engine.random import Stream
from engine.specs import FoldsValidation, FractionValidation


@dataclass(frozen=True)
class RowSelection:
    """Selects rows by the values of a table's columns.

    Attributes:
        columns: columns by name, with those that determine the rows.
        labels: targets of all rows.
        seed: the job's seed.
    """

    columns: Mapping[str, Column]
    labels: Labels
    seed: int

    def fraction(
        self, part: FractionValidation, rows: Indices, stream: Stream
    ) -> tuple[Indices, Indices]:
        """Return the other rows and the selected rows, each in ascending order.

        Raises DataError.
        """
        if part.order_by is not None:
            rest, selected = split_by_order(self._order(part.order_by, rows), part.fraction)
        elif part.group_by is not None:
            groups = self._groups(part.group_by, rows, 2)
            classes = self.labels.codes[rows] if part.stratify else np.zeros(len(rows), np.intp)
            rest, selected = split_groups(groups, classes, part.fraction, self.seed, stream)
        elif part.stratify and not isinstance(self.labels, NumberLabels):
            codes = self.labels.codes[rows]
            rest, selected = split_by_class(codes, part.fraction, self.seed, stream)
        else:
            rest, selected = split(len(rows), part.fraction, self.seed, stream)
        return rows[rest], rows[selected]

    def fold(self, folds: FoldsValidation, rows: Indices, fold: int) -> tuple[Indices, Indices]:
        """Return the training and validation rows of a fold, each in ascending order.

        Raises DataError.

        Args:
            folds: the folds of every repeat.
            rows: the rows to divide.
            fold: index of the fold over all repeats, from 0.
        """
        repeat, index = divmod(fold, folds.folds)
        if folds.order_by is not None:
            values = self._order(folds.order_by, rows)
            if count_values(values) <= folds.folds:
                message = (
                    f"{folds.folds} folds in order need at least {folds.folds + 1} different "
                    f"values; column {folds.order_by!r} has {count_values(values)} in usable rows"
                )
                raise DataError(message)
            blocks = ordered_blocks(values, folds.folds)
            return rows[blocks < index], rows[blocks == index]
        codes = self.labels.codes[rows]
        if folds.group_by is not None:
            groups = self._groups(folds.group_by, rows, folds.folds)
            fold_of = draw_group_folds(groups, codes, folds.folds, self.seed, repeat)
        else:
            fold_of = draw_folds(codes, folds.folds, self.seed, repeat)
        return rows[fold_of != index], rows[fold_of == index]

    def _order(self, name: str, rows: Indices) -> NDArray[np.float64]:
        column = self.columns[name]
        if not isinstance(column, NumericColumn):
            message = f"column {name!r} has categories, which have no order to split by"
            raise DataError(message)
        return column.values[rows]

    def _groups(self, name: str, rows: Indices, needed: int) -> Indices:
        """Return the group of each row."""
        groups = group_indices(self.columns[name], rows)
        found = int(groups.max(initial=-1)) + 1
        if found < needed:
            message = (
                f"column {name!r} has {found} groups in usable rows; at least {needed} are needed"
            )
            raise DataError(message)
        return groups
