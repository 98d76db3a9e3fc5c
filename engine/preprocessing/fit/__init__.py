"""Fitting of the preprocessing on the training rows only."""

from engine.preprocessing.fit.columns import fit_columns
from engine.preprocessing.fit.held_inputs import InputVariation, still_held
from engine.preprocessing.fit.targets import fit_class_target, fit_numeric_target

__all__ = [
    "InputVariation",
    "fit_class_target",
    "fit_columns",
    "fit_numeric_target",
    "still_held",
]
