"""From a table's columns to the arrays that a training runs on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.arrays import Floats, Indices, Targets
from engine.errors import DataError
from engine.fitting import fit_class_target, fit_columns, fit_numeric_target
from engine.preprocessing import ClassTarget, FittedTarget, NumericTarget, Preprocessing
from engine.specs import CrossEntropy, ResolvedSpec
from engine.splits import split, split_by_class
from engine.tables import Column, NumericColumn


@dataclass(frozen=True)
class PreparedData:
    """What a training needs of a table.

    Attributes:
        preprocessing: fitted on the training rows.
        x: inputs of the training rows, `(rows, in_features)`, C-contiguous.
        y: their targets as the loss takes them: class indices `(rows,)` for cross entropy, else
            numbers `(rows, out_features)`.
        x_validation: inputs of the rows held out; None without validation.
        y_validation: their targets.
    """

    preprocessing: Preprocessing
    x: Floats
    y: Targets
    x_validation: Floats | None
    y_validation: Targets | None


def prepare(
    spec: ResolvedSpec, columns: Mapping[str, Column], known: Preprocessing | None = None
) -> PreparedData:
    """Split the rows, fit the preprocessing to the training ones, and transform all.

    Args:
        spec: of the training.
        columns: features and target by name.
        known: the preprocessing that given weights were trained behind; nothing is fitted then.

    Raises:
        DataError: the rows do not bear out what the spec was resolved for.
    """
    for name in (spec.target, *spec.features):
        if name not in columns:
            message = f"there is no column {name!r}"
            raise DataError(message)
    if spec.task == "classification":
        target, y, rows, validation_rows = _prepare_classes(spec, columns[spec.target], known)
    else:
        target, y, rows, validation_rows = _prepare_numbers(spec, columns[spec.target], known)
    preprocessing = known or Preprocessing(
        fit_columns(columns, spec.features, rows, spec.preprocessing), target
    )
    if preprocessing.width == 0:
        message = "the training rows have no value in any feature"
        raise DataError(message)
    dtype = np.dtype(spec.dtype)
    return PreparedData(
        preprocessing=preprocessing,
        x=preprocessing.transform(columns, dtype, rows),
        y=y[rows],
        x_validation=(
            None
            if validation_rows is None
            else preprocessing.transform(columns, dtype, validation_rows)
        ),
        y_validation=None if validation_rows is None else y[validation_rows],
    )


def _prepare_classes(
    spec: ResolvedSpec, column: Column, known: Preprocessing | None
) -> tuple[FittedTarget, Targets, Indices, Indices | None]:
    """Target, every row's target, training rows, validation rows."""
    target, classes = fit_class_target(spec.target, column)
    if known is not None:
        target, classes = _recode(target, classes, known.target)
    present = np.flatnonzero(classes >= 0)
    units = spec.network.output.units
    expected = 2 if units == 1 else units
    if len(target.classes) != expected:
        message = f"column {spec.target!r} has {len(target.classes)} classes, not {expected}"
        raise DataError(message)
    _require_rows(present, 2)
    rows, validation_rows = present, None
    if spec.validation is not None:
        chosen, held_out = split_by_class(classes[present], spec.validation.fraction, spec.seed)
        rows, validation_rows = present[chosen], present[held_out]
        _require_rows(validation_rows, 1)
    return target, _encode_classes(spec, target, classes), rows, validation_rows


def _recode(
    found: ClassTarget, classes: Indices, known: FittedTarget
) -> tuple[ClassTarget, Indices]:
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
    return known, index_of[classes]


def _encode_classes(spec: ResolvedSpec, target: ClassTarget, classes: Indices) -> Targets:
    """Class indices for cross entropy; else 0 and 1, one column a class or one for two."""
    if isinstance(spec.loss, CrossEntropy):
        return classes
    if spec.network.output.units == 1:
        return classes[:, np.newaxis].astype(spec.dtype)
    return np.eye(len(target.classes), dtype=spec.dtype)[classes]


def _prepare_numbers(
    spec: ResolvedSpec, column: Column, known: Preprocessing | None
) -> tuple[FittedTarget, Targets, Indices, Indices | None]:
    """Target, every row's target, training rows, validation rows."""
    if not isinstance(column, NumericColumn):
        message = f"column {spec.target!r} has categories; regression needs numbers"
        raise DataError(message)
    present = np.flatnonzero(~np.isnan(column.values))
    _require_rows(present, 2)
    rows, validation_rows = present, None
    if spec.validation is not None:
        chosen, held_out = split(len(present), spec.validation.fraction, spec.seed)
        rows, validation_rows = present[chosen], present[held_out]
    target = fit_numeric_target(spec.target, column.values[rows], spec.preprocessing)
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
    return target, scaled[:, np.newaxis], rows, validation_rows


def _require_rows(rows: Indices, least: int) -> None:
    if len(rows) < least:
        message = f"{len(rows)} rows are left where at least {least} are needed"
        raise DataError(message)
