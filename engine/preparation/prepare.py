"""Preparation of a table's columns into training arrays; the table may not fit in memory.

Per-row scalars (target, weight, split) are kept in memory. Features are read and transformed in
chunks and written to allocated arrays.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Indices
from engine.data.rows import Allocate, Rows, allocate_in_memory
from engine.data.table import Column, Table, count_rows
from engine.errors import DataError, SpecError
from engine.findings import Finding
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

# Bytes of inputs transformed at a time; small compared to the memory of training.
CHUNK_BYTES = 4 * 2**20
_VALIDATION_SUFFIX = "_validation"


@dataclass(frozen=True)
class _RowSource:
    """A table with its per-row scalars: targets, weights, and which rows are usable."""

    table: Table
    columns: Mapping[str, Column]
    labels: Labels
    usable: Indices


@dataclass(frozen=True)
class _Subset:
    """The training or validation rows of a source; `suffix` is appended to their arrays' names."""

    source: _RowSource
    rows: Indices
    suffix: str


class Preparation:
    """A training's split rows and fitted preprocessing; `write` then writes the arrays.

    Attributes:
        preprocessing: fitted on the training rows, or the one passed in.
        findings: what only the rows show; complete once the arrays are written.

    Args:
        spec: the training's spec.
        table: table with all of `spec.needed_columns`.
        fitted: the preprocessing of the initial weights; None to fit a new one.
        validation_table: table of the validation rows, if they are in another dataset.
        fold: index of the validation fold, from 0; None to train on all rows.

    Raises:
        DataError: the rows contradict the table schema the spec was resolved for.
    """

    def __init__(
        self,
        spec: ResolvedSpec,
        table: Table,
        fitted: Preprocessing | None = None,
        *,
        validation_table: Table | None = None,
        fold: int | None = None,
    ) -> None:
        self._spec = spec
        self.findings: list[Finding] = []
        fitted_target = None if fitted is None else fitted.target
        source = _read_rows(spec, table, fitted_target)
        rows = split_rows(spec, source.columns, source.labels, source.usable, fold, table.words)
        target = fit_target(spec, source.labels, rows.training, fitted_target)
        self.preprocessing = fitted or _fit_preprocessing(spec, table, rows.training, target)
        require_inputs(spec, self.preprocessing.width)
        self._encoding = choose_encoding(spec, target)
        self._weights = fit_sample_weights(
            spec, source.columns, source.labels, rows.training, table.words
        )
        self._subsets = [_Subset(source, rows.training, "")]
        if rows.validation is not None:
            self._subsets.append(_Subset(source, rows.validation, _VALIDATION_SUFFIX))
        elif validation_table is not None:
            other = _read_rows(spec, validation_table, target, is_validation=True)
            require_rows(other.usable, 1)
            self._subsets.append(_Subset(other, other.usable, _VALIDATION_SUFFIX))

    @property
    def data_bytes(self) -> int:
        """Total size of the arrays."""
        dtype = np.dtype(self._spec.dtype)
        row_bytes = self.preprocessing.width * dtype.itemsize
        row_bytes += math.prod(self._encoding.row_shape) * self._encoding.dtype.itemsize
        row_bytes += 0 if self._weights is None else dtype.itemsize
        return sum(len(subset.rows) for subset in self._subsets) * row_bytes

    def write(self, allocate: Allocate = allocate_in_memory) -> PreparedData:
        """Allocate and write the arrays. Raises DataError.

        Args:
            allocate: allocates one array.
        """
        arrays: dict[str, Rows] = {}
        for subset in self._subsets:
            arrays |= self._allocate(subset, allocate)
            self._write_row_values(subset, arrays)
        self._write_inputs(arrays)
        return prepared_from(self.preprocessing, arrays, self.findings)

    def _allocate(self, subset: _Subset, allocate: Allocate) -> dict[str, Rows]:
        dtype, rows = np.dtype(self._spec.dtype), len(subset.rows)
        arrays = {
            f"x{subset.suffix}": allocate(
                f"x{subset.suffix}", (rows, self.preprocessing.width), dtype
            ),
            f"y{subset.suffix}": allocate(
                f"y{subset.suffix}", (rows, *self._encoding.row_shape), self._encoding.dtype
            ),
        }
        if self._weights is not None:
            arrays[f"weights{subset.suffix}"] = allocate(f"weights{subset.suffix}", (rows,), dtype)
        return arrays

    def _write_row_values(self, subset: _Subset, arrays: Mapping[str, Rows]) -> None:
        """Write targets and weights."""
        source = subset.source
        self._encoding.write(source.labels, subset.rows, arrays[f"y{subset.suffix}"])
        if self._weights is not None:
            weights = self._weights.weights_of(source.columns, source.labels, subset.rows)
            arrays[f"weights{subset.suffix}"][0 : len(weights)] = weights

    def _write_inputs(self, arrays: Mapping[str, Rows]) -> None:
        """Write the features, reading each table once."""
        tables = {id(subset.source): subset.source.table for subset in self._subsets}
        for key, table in tables.items():
            subsets = [subset for subset in self._subsets if id(subset.source) == key]
            start = 0
            for chunk in table.chunks(self._spec.features):
                stop = start + count_rows(chunk[self._spec.features[0]])
                for subset in subsets:
                    first, last = np.searchsorted(subset.rows, (start, stop)).tolist()
                    rows = subset.rows[first:last] - start
                    self._write_chunk(chunk, rows, arrays[f"x{subset.suffix}"], first)
                start = stop

    def _write_chunk(
        self, chunk: Mapping[str, Column], rows: Indices, out: Rows, first: int
    ) -> None:
        dtype = np.dtype(self._spec.dtype)
        step = max(1, CHUNK_BYTES // (self.preprocessing.width * dtype.itemsize))
        for start in range(0, len(rows), step):
            x = self.preprocessing.transform(chunk, dtype, rows[start : start + step])
            out[first + start : first + start + len(x)] = x


def prepare(
    spec: ResolvedSpec,
    table: Table,
    fitted: Preprocessing | None = None,
    *,
    allocate: Allocate = allocate_in_memory,
    validation_table: Table | None = None,
    fold: int | None = None,
) -> PreparedData:
    """Split the rows, fit the preprocessing on the training rows, and transform all rows.

    The arguments are those of `Preparation` and of its `write`. Raises DataError.
    """
    preparation = Preparation(spec, table, fitted, validation_table=validation_table, fold=fold)
    return preparation.write(allocate)


def require_inputs(spec: ResolvedSpec, width: int) -> None:
    """Check that the network accepts the fitted number of inputs.

    A category absent from the training rows has no input, so there may be fewer than resolved.

    Raises:
        DataError: the network does not accept it, or no input is left.
    """
    if width == 0:
        message = "the training rows have no value in any feature"
        raise DataError(message)
    try:
        build_layers(spec.network, width, np.dtype(spec.dtype))
    except SpecError as error:
        message = f"the training rows make {width} inputs, which do not fit the network: {error}"
        raise DataError(message) from error


def _read_rows(
    spec: ResolvedSpec, table: Table, fitted: FittedTarget | None, *, is_validation: bool = False
) -> _RowSource:
    split_column = None if is_validation else spec.split_column
    names = (spec.target, spec.sample_weight, split_column)
    columns = table.read(tuple(dict.fromkeys(name for name in names if name)))
    labels = read_labels(spec, columns[spec.target], fitted)
    is_usable = labels.present
    incomplete = find_incomplete_rows(table, spec.features, spec.preprocessing)
    if incomplete is not None:
        is_usable = is_usable & ~incomplete
    return _RowSource(table, columns, labels, np.flatnonzero(is_usable))


def _fit_preprocessing(
    spec: ResolvedSpec, table: Table, training: Indices, target: FittedTarget
) -> Preprocessing:
    columns = fit_columns(table, spec.features, training, spec.preprocessing)
    return Preprocessing(columns, target, table.words)
