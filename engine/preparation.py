"""From a table's columns to the arrays that a training runs on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats, Indices, Targets
from engine.errors import DataError, SpecError
from engine.fitted import ClassTarget, FittedTarget, NumericTarget
from engine.fitting import fit_class_target, fit_columns, fit_numeric_target
from engine.layers.build import build_layers
from engine.pairs import takes_class_indices
from engine.preprocessing import Preprocessing
from engine.row_weights import weigh_rows
from engine.specs import FractionValidation, ResolvedSpec
from engine.splits import split, split_by_class
from engine.tables import Column, NumericColumn, Table


@dataclass(frozen=True)
class PreparedData:
    """What a training needs of a table.

    Attributes:
        preprocessing: fitted on the training rows.
        x: inputs of the training rows, `(rows, in_features)`, C-contiguous.
        y: their targets as the loss takes them: class indices `(rows,)` for cross entropy and
            hinge, else numbers: `(rows, out_features)` for classes, `(rows, 1)` for a number.
        x_validation: inputs of the rows held out; None without validation.
        y_validation: their targets.
        weights: how much each training row counts, `(rows,)`, mean 1; None if all count alike.
        weights_validation: of the rows held out, in the same unit.
    """

    preprocessing: Preprocessing
    x: Floats
    y: Targets
    x_validation: Floats | None
    y_validation: Targets | None
    weights: Floats | None = None
    weights_validation: Floats | None = None

    @property
    def validation_rows(self) -> int:
        """Rows held out of training."""
        return 0 if self.x_validation is None else len(self.x_validation)


@dataclass(frozen=True)
class _Rows:
    """The rows that have a target.

    Attributes:
        target: fitted.
        y: of every row of the table, as the loss takes it.
        codes: index of every row's class, 0 for a number; −1 for a row without a target.
        training: which rows are trained on.
        held_out: which are not; None without validation.
    """

    target: FittedTarget
    y: Targets
    codes: Indices
    training: Indices
    held_out: Indices | None


def prepare(spec: ResolvedSpec, table: Table, known: Preprocessing | None = None) -> PreparedData:
    """Split the rows, fit the preprocessing to the training ones, and transform all.

    Args:
        spec: of the training.
        table: with all of `spec.needed_columns`.
        known: the preprocessing that given weights were trained behind; nothing is fitted then.

    Raises:
        DataError: the rows do not bear out what the spec was resolved for.
    """
    columns = table.read(spec.needed_columns)
    choose = _choose_classes if spec.task == "classification" else _choose_numbers
    rows = choose(spec, columns[spec.target], known)
    preprocessing = known or Preprocessing(
        fit_columns(table, spec.features, rows.training, spec.preprocessing), rows.target
    )
    _require_inputs(spec, preprocessing.width)
    return _take(spec, columns, preprocessing, rows)


def _require_inputs(spec: ResolvedSpec, width: int) -> None:
    """A category that no training row has takes its input away; the network must bear that."""
    if width == 0:
        message = "the training rows have no value in any feature"
        raise DataError(message)
    try:
        build_layers(spec.network, width, np.dtype(spec.dtype))
    except SpecError as error:
        message = f"the training rows make {width} inputs, which do not fit the network: {error}"
        raise DataError(message) from error


def _take(
    spec: ResolvedSpec, columns: Mapping[str, Column], preprocessing: Preprocessing, rows: _Rows
) -> PreparedData:
    dtype, held_out = np.dtype(spec.dtype), rows.held_out
    classes = rows.target if isinstance(rows.target, ClassTarget) else None
    weights = weigh_rows(spec, columns, classes, rows.codes, rows.training)
    x_validation = y_validation = weights_validation = None
    if held_out is not None:
        x_validation = preprocessing.transform(columns, dtype, held_out)
        y_validation = rows.y[held_out]
        weights_validation = None if weights is None else weights[held_out]
    return PreparedData(
        preprocessing=preprocessing,
        x=preprocessing.transform(columns, dtype, rows.training),
        y=rows.y[rows.training],
        x_validation=x_validation,
        y_validation=y_validation,
        weights=None if weights is None else weights[rows.training],
        weights_validation=weights_validation,
    )


def _choose_classes(spec: ResolvedSpec, column: Column, known: Preprocessing | None) -> _Rows:
    target, codes = fit_class_target(spec.target, column)
    if known is not None:
        target, codes = _recode(target, codes, known.target)
    present = np.flatnonzero(codes >= 0)
    units = spec.network.output.units
    expected = 2 if units == 1 else units
    if len(target.classes) != expected:
        message = f"column {spec.target!r} has {len(target.classes)} classes, not {expected}"
        raise DataError(message)
    _require_rows(present, 2)
    training, held_out = present, None
    if isinstance(spec.validation, FractionValidation):
        chosen, others = split_by_class(codes[present], spec.validation.fraction, spec.seed)
        training, held_out = present[chosen], present[others]
        _require_rows(held_out, 1)
    return _Rows(target, _encode_classes(spec, target, codes), codes, training, held_out)


def _recode(found: ClassTarget, codes: Indices, known: FittedTarget) -> tuple[ClassTarget, Indices]:
    """Each row's class as its index among the known classes."""
    if not isinstance(known, ClassTarget):
        message = f"column {found.name!r} has classes where the model knows a number"
        raise DataError(message)
    strange = [label for label in found.classes if label not in known.classes]
    if strange:
        message = f"column {found.name!r} has the class {strange[0]!r}, which the model lacks"
        raise DataError(message)
    # The last is for −1, missing.
    index_of = np.array([*(known.classes.index(label) for label in found.classes), -1], np.intp)
    return known, index_of[codes]


def _encode_classes(spec: ResolvedSpec, target: ClassTarget, codes: Indices) -> Targets:
    """Class indices where the loss wants them; else 0 and 1, one column a class or one for two."""
    if takes_class_indices(spec.loss):
        return codes
    if spec.network.output.units == 1:
        return codes[:, np.newaxis].astype(spec.dtype)
    return np.eye(len(target.classes), dtype=spec.dtype)[codes]


def _choose_numbers(spec: ResolvedSpec, column: Column, known: Preprocessing | None) -> _Rows:
    if not isinstance(column, NumericColumn):
        message = f"column {spec.target!r} has categories; regression needs numbers"
        raise DataError(message)
    present = np.flatnonzero(~np.isnan(column.values))
    _require_rows(present, 2)
    training, held_out = present, None
    if isinstance(spec.validation, FractionValidation):
        chosen, others = split(len(present), spec.validation.fraction, spec.seed)
        training, held_out = present[chosen], present[others]
    target = fit_numeric_target(spec.target, column.values[training], spec.preprocessing)
    if known is not None:
        if not isinstance(known.target, NumericTarget):
            message = f"column {spec.target!r} has numbers where the model knows classes"
            raise DataError(message)
        target = known.target
    with np.errstate(all="ignore"):
        scaled = ((column.values - target.center) / target.scale).astype(spec.dtype)
    if not np.isfinite(scaled[present]).all():
        message = f"column {spec.target!r} has a number too large for {spec.dtype}"
        raise DataError(message)
    codes = np.where(np.isnan(column.values), -1, 0)
    return _Rows(target, scaled[:, np.newaxis], codes, training, held_out)


def _require_rows(rows: Indices, least: int) -> None:
    if len(rows) < least:
        message = f"{len(rows)} rows are left where at least {least} are needed"
        raise DataError(message)
