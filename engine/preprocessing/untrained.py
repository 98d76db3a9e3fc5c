"""Values that have no effect on a prediction, because their inputs never varied in training."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Indices
from engine.data.table import Column, count_rows
from engine.preprocessing.column_plan import inputs_of
from engine.preprocessing.encode import encode_columns
from engine.preprocessing.feature_layout import FeatureLayout, lay_out, positions_of
from engine.preprocessing.fitted import FittedColumn, FittedNumeric, FittedTime
from engine.preprocessing.held_inputs import HeldInputs
from engine.preprocessing.input_columns import numeric_values, require_column

# Bytes of inputs encoded at a time.
_BLOCK_BYTES = 2**20


@dataclass(frozen=True)
class HeldColumns:
    """The columns that have held inputs, laid out by themselves.

    Attributes:
        first: name of the first of them.
        layout: positions of their inputs.
        held: their held inputs, by position in this layout.
        owners: for each of `held.positions`, the index of its column among all columns.
        constant: numeric and time columns with one value in the training rows, by index. Other
            values are clipped to it before they are encoded, which hides them.
    """

    first: str
    layout: FeatureLayout
    held: HeldInputs
    owners: Indices
    constant: dict[int, FittedNumeric | FittedTime]


def owners_of(columns: Sequence[FittedColumn], held: HeldInputs) -> list[int]:
    """Return the index of the column of each of `held.positions`."""
    positions = positions_of([inputs_of(column) for column in columns])
    # Columns without inputs own none.
    order = sorted(
        (index for index, inputs in enumerate(positions) if inputs.stop > inputs.start),
        key=lambda index: positions[index].start,
    )
    starts = [positions[index].start for index in order]
    return [order[bisect_right(starts, position) - 1] for position in held.positions]


def find_held_columns(columns: Sequence[FittedColumn], held: HeldInputs) -> HeldColumns:
    """Return the columns that have held inputs, of which there is at least one."""
    owners = owners_of(columns, held)
    indices = sorted(set(owners))
    chosen = [columns[index] for index in indices]
    before = positions_of([inputs_of(column) for column in columns])
    after = positions_of([inputs_of(column) for column in chosen])
    # All inputs of a column move together.
    shift = {index: after[i].start - before[index].start for i, index in enumerate(indices)}
    moved = [
        position + shift[owner] for position, owner in zip(held.positions, owners, strict=True)
    ]
    inputs, codes = moved[: len(held.inputs)], moved[len(held.inputs) :]
    return HeldColumns(
        first=chosen[0].name,
        layout=lay_out(chosen),
        held=HeldInputs(
            tuple(inputs),
            held.values,
            tuple(replace(one, input=i) for one, i in zip(held.codes, codes, strict=True)),
        ),
        owners=np.array(owners, np.intp),
        constant={
            index: column
            for index, column in zip(indices, chosen, strict=True)
            if _is_constant(column) and column.minimum is not None
        },
    )


def _is_constant(column: FittedColumn) -> TypeGuard[FittedNumeric | FittedTime]:
    return isinstance(column, FittedNumeric | FittedTime) and column.minimum == column.maximum


def find_constant_columns(columns: Sequence[FittedColumn], held: HeldInputs) -> tuple[str, ...]:
    """Return the names of the held numeric and time columns without two different values."""
    owners = {*owners_of(columns, held)}
    return tuple(c.name for i, c in enumerate(columns) if i in owners and _is_constant(c))


def find_untrained(
    held: HeldColumns,
    columns: Mapping[str, Column],
    dtype: np.dtype[Any],
    flags: NDArray[np.bool_],
) -> None:
    """Set the flags, `(rows, all columns)`, of values that would change a held input.

    Raises:
        DataError: a column is missing, of another kind, or too large for the dtype.
    """
    rows = count_rows(require_column(columns, held.first))
    step = max(1, _BLOCK_BYTES // (held.layout.width * dtype.itemsize))
    for start in range(0, rows, step):
        block = np.arange(start, min(start + step, rows))
        x = encode_columns(held.layout, columns, block, dtype, allow_infinite=True)
        changed, inputs = np.nonzero(held.held.find_changes(x))
        flags[start + changed, held.owners[inputs]] = True
    for index, column in held.constant.items():
        values = numeric_values(columns, column.name)
        flags[:, index] |= (values != column.minimum) & ~np.isnan(values)
