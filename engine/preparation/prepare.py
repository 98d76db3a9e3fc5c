"""From a table's columns to the arrays that a training runs on, whatever the table's size.

What there is one of a row (target, weight, place in the split) is held whole. Features are read
and transformed some rows at a time and written to where there is room for them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Indices
from engine.data.rows import Allocate, Rows, allocate_in_memory
from engine.data.table import Column, Table, count_rows
from engine.errors import DataError, SpecError
from engine.layers.build import build_layers
from engine.preparation.prepared_data import PreparedData, prepared_from
from engine.preparation.sample_weights import fit_sample_weights
from engine.preparation.train_validation_split import require_rows, split_rows
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedTarget
from engine.preprocessing.missing_values import find_incomplete_rows
from engine.preprocessing.preprocessing import Preprocessing
from engine.preprocessing.targets import Labels, choose_encoding, fit_target, read_labels
from engine.specs import ResolvedSpec

# Of what is transformed at a time, so that it is small beside what training takes.
PIECE_BYTES = 4 * 2**20
_VALIDATION = "_validation"


@dataclass(frozen=True)
class _RowSource:
    """A table that rows are taken from: its targets, its weights, and which rows can be used."""

    table: Table
    columns: Mapping[str, Column]
    labels: Labels
    usable: Indices


@dataclass(frozen=True)
class _Side:
    """Rows of a source that are trained on, or that validate; suffix of their arrays' names."""

    source: _RowSource
    rows: Indices
    suffix: str


class Preparation:
    """Rows chosen and preprocessing fitted: what is left to do is to write the arrays.

    Attributes:
        preprocessing: fitted on the training rows, or as it is known.

    Args:
        spec: of the training.
        table: with all of `spec.needed_columns`.
        known: the preprocessing that given weights were trained behind; nothing is fitted then.
        validation_table: whose rows validate, if they are another dataset's.
        fold: which fold is held out, from 0; None if all rows are trained on.

    Raises:
        DataError: the rows do not bear out what the spec was resolved for.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        table: Table,
        known: Preprocessing | None = None,
        *,
        validation_table: Table | None = None,
        fold: int | None = None,
    ) -> None:
        self._spec = spec
        known_target = None if known is None else known.target
        source = _read_source(spec, table, known_target)
        rows = split_rows(spec, source.columns, source.labels, source.usable, fold)
        target = fit_target(spec, source.labels, rows.training, known_target)
        self.preprocessing = known or _fit(spec, table, rows.training, target)
        require_inputs(spec, self.preprocessing.width)
        self._encoding = choose_encoding(spec, target)
        self._weights = fit_sample_weights(spec, source.columns, source.labels, rows.training)
        self._sides = [_Side(source, rows.training, "")]
        if rows.held_out is not None:
            self._sides.append(_Side(source, rows.held_out, _VALIDATION))
        elif validation_table is not None:
            other = _read_source(spec, validation_table, target, is_validation=True)
            require_rows(other.usable, 1)
            self._sides.append(_Side(other, other.usable, _VALIDATION))

    @property
    def data_bytes(self) -> int:
        """Size of the arrays."""
        dtype = np.dtype(self._spec.dtype)
        row_bytes = self.preprocessing.width * dtype.itemsize
        row_bytes += math.prod(self._encoding.row_shape) * self._encoding.dtype.itemsize
        row_bytes += 0 if self._weights is None else dtype.itemsize
        return sum(len(side.rows) for side in self._sides) * row_bytes

    def write(self, allocate: Allocate = allocate_in_memory) -> PreparedData:
        """Write the arrays to where there is room for them. Raises DataError.

        Args:
            allocate: makes the room for one array.
        """
        arrays: dict[str, Rows] = {}
        for side in self._sides:
            arrays |= self._allocate(side, allocate)
            self._write_row_values(side, arrays)
        self._write_inputs(arrays)
        return prepared_from(self.preprocessing, arrays)

    def _allocate(self, side: _Side, allocate: Allocate) -> dict[str, Rows]:
        dtype, rows = np.dtype(self._spec.dtype), len(side.rows)
        arrays = {
            f"x{side.suffix}": allocate(f"x{side.suffix}", (rows, self.preprocessing.width), dtype),
            f"y{side.suffix}": allocate(
                f"y{side.suffix}", (rows, *self._encoding.row_shape), self._encoding.dtype
            ),
        }
        if self._weights is not None:
            arrays[f"weights{side.suffix}"] = allocate(f"weights{side.suffix}", (rows,), dtype)
        return arrays

    def _write_row_values(self, side: _Side, arrays: Mapping[str, Rows]) -> None:
        """Targets and weights."""
        source = side.source
        self._encoding.write(source.labels, side.rows, arrays[f"y{side.suffix}"])
        if self._weights is not None:
            weights = self._weights.weigh(source.columns, source.labels, side.rows)
            arrays[f"weights{side.suffix}"][0 : len(weights)] = weights

    def _write_inputs(self, arrays: Mapping[str, Rows]) -> None:
        """Features, each table being read once."""
        tables = {id(side.source): side.source.table for side in self._sides}
        for key, table in tables.items():
            sides = [side for side in self._sides if id(side.source) == key]
            start = 0
            for chunk in table.chunks(self._spec.features):
                stop = start + count_rows(chunk[self._spec.features[0]])
                for side in sides:
                    first, last = np.searchsorted(side.rows, (start, stop)).tolist()
                    rows = side.rows[first:last] - start
                    self._write_chunk(chunk, rows, arrays[f"x{side.suffix}"], first)
                start = stop

    def _write_chunk(
        self, chunk: Mapping[str, Column], rows: Indices, out: Rows, first: int
    ) -> None:
        dtype = np.dtype(self._spec.dtype)
        step = max(1, PIECE_BYTES // (self.preprocessing.width * dtype.itemsize))
        for start in range(0, len(rows), step):
            x = self.preprocessing.transform(chunk, dtype, rows[start : start + step])
            out[first + start : first + start + len(x)] = x


def prepare(
    spec: ResolvedSpec,
    table: Table,
    known: Preprocessing | None = None,
    *,
    allocate: Allocate = allocate_in_memory,
    validation_table: Table | None = None,
    fold: int | None = None,
) -> PreparedData:
    """Split the rows, fit the preprocessing to the training ones, and transform all.

    The arguments are those of `Preparation` and of its `write`. Raises DataError.
    """
    preparation = Preparation(spec, table, known, validation_table=validation_table, fold=fold)
    return preparation.write(allocate)


def require_inputs(spec: ResolvedSpec, width: int) -> None:
    """A category that no training row has takes its input away; the network must bear that.

    Raises:
        DataError: it does not, or no input is left.
    """
    if width == 0:
        message = "the training rows have no value in any feature"
        raise DataError(message)
    try:
        build_layers(spec.network, width, np.dtype(spec.dtype))
    except SpecError as error:
        message = f"the training rows make {width} inputs, which do not fit the network: {error}"
        raise DataError(message) from error


def _read_source(
    spec: ResolvedSpec, table: Table, known: FittedTarget | None, *, is_validation: bool = False
) -> _RowSource:
    split_column = None if is_validation else spec.split_column
    names = (spec.target, spec.sample_weight, split_column)
    columns = table.read(tuple(dict.fromkeys(name for name in names if name)))
    labels = read_labels(spec, columns[spec.target], known)
    is_usable = labels.present
    incomplete = find_incomplete_rows(table, spec.features, spec.preprocessing)
    if incomplete is not None:
        is_usable = is_usable & ~incomplete
    return _RowSource(table, columns, labels, np.flatnonzero(is_usable))


def _fit(
    spec: ResolvedSpec, table: Table, training: Indices, target: FittedTarget
) -> Preprocessing:
    columns = fit_columns(table, spec.features, training, spec.preprocessing)
    return Preprocessing(columns, target, table.words)
