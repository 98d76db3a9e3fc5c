"""Fitting of the preprocessing on the training rows, wholly or in part."""

from dataclasses import replace

from engine.arrays import Indices
from engine.data.table import Table
from engine.preprocessing.column_plan import inputs_of
from engine.preprocessing.fit import fit_columns
from engine.preprocessing.fitted import FittedTarget
from engine.preprocessing.preprocessing import Preprocessing
from engine.preprocessing.untrained import find_constant_columns
from engine.specs import ResolvedSpec


def fit_preprocessing(
    spec: ResolvedSpec, table: Table, training: Indices, target: FittedTarget
) -> Preprocessing:
    """Fit all features on the training rows. Raises DataError."""
    columns = fit_columns(table, spec.features, training, spec.preprocessing)
    return Preprocessing(columns, target, table.words)


def refit_constant_columns(
    spec: ResolvedSpec, table: Table, training: Indices, fitted: Preprocessing
) -> Preprocessing:
    """Fit the numeric and time columns again that were constant before: their scale is unknown.

    Raises DataError.
    """
    names = find_constant_columns(fitted.columns, fitted.held)
    found = fit_columns(table, names, training, spec.preprocessing)
    again = {column.name: column for column in found}
    columns = (
        again[c.name] if c.name in again and inputs_of(again[c.name]) == inputs_of(c) else c
        for c in fitted.columns
    )
    return replace(fitted, columns=tuple(columns))
