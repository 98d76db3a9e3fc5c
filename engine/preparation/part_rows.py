"""Rows of each part of a training, counted once its rows have been read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True)
class FoldRows:
    """Numbers of training and of validation rows of a fold."""

    training: int
    validation: int


@dataclass(frozen=True)
class PartRows:
    """Numbers of rows of the parts of a training.

    Attributes:
        training: training rows; with folds those of the final network.
        validation: validation rows; with folds those of the largest fold; 0 without.
        test: test rows; 0 without.
        left_out: rows of the training dataset that are in no part: those without a target, or
            without a value in a column with drop_row.
        folds: rows of each fold, repeat after repeat; empty without folds.
    """

    training: int
    validation: int
    test: int
    left_out: int
    folds: tuple[FoldRows, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `dataclasses.asdict` has made."""
        folds = tuple(FoldRows(**fold) for fold in value["folds"])
        return cls(**{**value, "folds": folds})
