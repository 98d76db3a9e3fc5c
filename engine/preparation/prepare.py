"""Preparation of a table's columns into training arrays; the table may not fit in memory.

Per-row scalars (target, weight, split) are kept in memory. Features are read and transformed in
chunks and written to allocated arrays.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from engine.arrays import Indices
from engine.data.rows import Allocate, Rows, allocate_in_memory
from engine.data.table import Table, count_rows
from engine.errors import DataError, SpecError
from engine.findings import Finding, join_feature_lists
from engine.layers.build import build_layers
from engine.metrics.build import needs_values
from engine.preparation.constant_columns import ConstantColumns
from engine.preparation.describe_rows import describe_rows
from engine.preparation.fit_preprocessing import fit_preprocessing, refit_constant_columns
from engine.preparation.input_writer import InputWriter
from engine.preparation.leaks import find_leaks
from engine.preparation.part_rows import PartRows
from engine.preparation.prepared_data import PreparedData, prepared_from
from engine.preparation.row_arrays import RowArrays
from engine.preparation.row_findings import find_left_out_other_rows
from engine.preparation.sample_weights import fit_sample_weights
from engine.preparation.split_table import split_table
from engine.preparation.subsets import RowSource, Subset, read_rows
from engine.preparation.train_validation_split import require_rows
from engine.preparation.untrained_findings import find_untrained_inputs
from engine.preparation.zero_targets import find_zero_targets
from engine.preprocessing.fitted import FittedTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.preprocessing.targets import choose_encoding, fit_target
from engine.specs import ResolvedSpec

_VALIDATION_SUFFIX = "_validation"
_TEST_SUFFIX = "_test"


class Preparation:
    """A training's split rows and fitted preprocessing; `write` then writes the arrays.

    Attributes:
        preprocessing: fitted on the training rows, or the one passed in; `write` returns it with
            the held inputs and the incomplete columns of these rows.
        findings: what only the rows show; complete once the arrays are written. Those of all folds
            are among the findings of all rows; a fold's own preparation has none.

    Args:
        spec: the training's spec.
        table: table with all of `spec.needed_columns`.
        fitted: the preprocessing of the initial weights; None to fit a new one.
        validation_table: table of the validation rows, if they are in another dataset.
        test_table: table of the test rows, if they are in another dataset.
        fold: index of the validation fold, from 0; None to train on all rows. The test rows are
            prepared for the final network only.

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
        test_table: Table | None = None,
        fold: int | None = None,
    ) -> None:
        self._spec, self._is_new, self._fold = spec, fitted is None, fold
        self.findings: list[Finding] = []
        fitted_target = None if fitted is None else fitted.target
        source, rows = split_table(spec, table, fitted_target, fold)
        self._weights = fit_sample_weights(spec, source.labels, rows.training, table.words)
        self._trained = self._rows_of_weight(source, rows.training)
        target = fit_target(spec, source.labels, self._trained, fitted_target)
        self.preprocessing = (
            fit_preprocessing(spec, table, self._trained, target)
            if fitted is None
            else refit_constant_columns(spec, table, self._trained, replace(fitted, target=target))
        )
        require_inputs(spec, self.preprocessing.width)
        encoding = choose_encoding(spec, target)
        self._arrays = RowArrays(spec, self.preprocessing.width, encoding, self._weights)
        self._subsets = [Subset(source, rows.training, "")]
        self._add_part(source, rows.validation, validation_table, target, _VALIDATION_SUFFIX)
        self._part_rows: PartRows | None = None
        if fold is None:
            self._add_part(source, rows.test, test_table, target, _TEST_SUFFIX)
            self._part_rows, found = describe_rows(spec, self._subsets, self._trained)
            self.findings += found

    def _rows_of_weight(self, source: RowSource, training: Indices) -> Indices:
        """Return the training rows without those of weight 0, which have no effect."""
        if self._weights is None:
            return training
        found = self._weights.weights_of(source.columns, source.labels, training, "training")
        weights = found["weights"] if "weights" in found else found["sample_weights"]
        return training[weights > 0]

    def _add_part(
        self,
        source: RowSource,
        rows: Indices | None,
        table: Table | None,
        target: FittedTarget,
        suffix: str,
    ) -> None:
        """Add the rows of a part: of the training table, or all usable ones of another table."""
        if rows is not None:
            self._subsets.append(Subset(source, rows, suffix))
        elif table is not None:
            other = read_rows(self._spec, table, target, is_other=True)
            require_rows(other.usable, 1)
            self.findings += find_left_out_other_rows(table.rows, other.usable, suffix[1:])
            self._subsets.append(Subset(other, other.usable, suffix))

    @property
    def data_bytes(self) -> int:
        """Total size of the arrays."""
        return sum(len(subset.rows) for subset in self._subsets) * self._arrays.row_bytes

    def write(self, allocate: Allocate = allocate_in_memory) -> PreparedData:
        """Allocate and write the arrays. Raises DataError.

        Inputs that never vary in the training rows are held in all rows.

        Args:
            allocate: allocates one array.
        """
        arrays: dict[str, Rows] = {}
        for subset in self._subsets:
            arrays |= self._arrays.allocate(subset, allocate)
            self._arrays.write(subset, arrays)
        preprocessing = self._write_inputs(arrays)
        if self._fold is None:
            self.findings += self._find_leaks(arrays["x"])
            self.findings += self._find_zero_targets(arrays)
            self._settle_fixes()
        return prepared_from(preprocessing, arrays, self.findings, self._part_rows)

    def _find_zero_targets(self, arrays: Mapping[str, Rows]) -> list[Finding]:
        if not needs_values(self._spec.metrics):
            return []
        values = {subset.name: arrays[f"values{subset.suffix}"] for subset in self._subsets}
        read = {name: y[0 : len(y)] for name, y in values.items()}
        return find_zero_targets(self._spec.targets, read)

    def _settle_fixes(self) -> None:
        """Let no fix undo another one, nor change the features of a model that is trained on."""
        if self._is_new:
            self.findings = join_feature_lists(self._spec.features, self.findings)
        else:
            self.findings = [replace(finding, fix=None) for finding in self.findings]

    def _write_inputs(self, arrays: Mapping[str, Rows]) -> Preprocessing:
        """Write the features, reading each table once.

        Returns the preprocessing with what the written rows show.
        """
        writer = InputWriter(self.preprocessing, np.dtype(self._spec.dtype), is_new=self._is_new)
        constant = self._encode_tables(arrays, writer)
        training, *others = (arrays[f"x{subset.suffix}"] for subset in self._subsets)
        held = writer.hold(training, others)
        preprocessing = replace(self.preprocessing, held=held, incomplete=writer.incomplete)
        if self._fold is None:
            self.findings += find_untrained_inputs(self._spec, preprocessing, constant)
        return preprocessing

    def _encode_tables(self, arrays: Mapping[str, Rows], writer: InputWriter) -> Collection[str]:
        """Write the features; return those that are constant in the training table."""
        constant = ConstantColumns(self._spec.features)
        weights = arrays.get("weights", arrays.get("sample_weights"))
        tables = {id(subset.source): subset.source.table for subset in self._subsets}
        for key, table in tables.items():
            subsets = [subset for subset in self._subsets if id(subset.source) == key]
            start = 0
            for chunk in table.chunks(self._spec.features):
                stop = start + count_rows(chunk[self._spec.features[0]])
                if key == id(self._subsets[0].source):
                    constant.add(chunk)
                for subset in subsets:
                    first, last = np.searchsorted(subset.rows, (start, stop)).tolist()
                    rows = subset.rows[first:last] - start
                    out = arrays[f"x{subset.suffix}"]
                    if subset is self._subsets[0]:
                        writer.write_training(chunk, rows, out, first, weights)
                    else:
                        writer.write(chunk, rows, out, first)
                start = stop
        return constant.names

    def _find_leaks(self, x: Rows) -> list[Finding]:
        subset = self._subsets[0]
        source = subset.source
        return find_leaks(
            self._spec,
            source.table,
            self.preprocessing,
            x,
            source.labels,
            subset.rows,
            self._trained,
        )


def prepare(
    spec: ResolvedSpec,
    table: Table,
    fitted: Preprocessing | None = None,
    *,
    allocate: Allocate = allocate_in_memory,
    validation_table: Table | None = None,
    test_table: Table | None = None,
    fold: int | None = None,
) -> PreparedData:
    """Split the rows, fit the preprocessing on the training rows, and transform all rows.

    The arguments are those of `Preparation` and of its `write`. Raises DataError.
    """
    preparation = Preparation(
        spec, table, fitted, validation_table=validation_table, test_table=test_table, fold=fold
    )
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
        build_layers(spec.network_for(width), width, np.dtype(spec.dtype))
    except SpecError as error:
        message = f"the training rows make {width} inputs, which do not fit the network: {error}"
        raise DataError(message) from error
