"""The columns of an answer as a table, independent of its format."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from engine.data.table import Level, level_text
from engine.predictor import Predictions, Reconstructions
from engine.preprocessing.fitted import (
    ClassTarget,
    FittedBoolean,
    FittedColumn,
    FittedNumeric,
    FittedTime,
    InputsTarget,
    LabelTargets,
    NumericTarget,
    NumericTargets,
    target_names,
)
from service.http.errors import InvalidQueryError
from service.predictions.answers import Answers
from service.schemas.common import FieldProblem
from store.intake.cells.column_names import UniqueNames

# Writing a table with more columns takes longer than all of its values.
MAX_ANSWER_COLUMNS = 2**15
_MAX_INTEGER = 2**63
# The last column; no other one has its name.
FLAGS = "flags"

CellType: TypeAlias = Literal["number", "integer", "boolean", "text"]


@dataclass(frozen=True)
class AnswerColumn:
    """A column of an answer.

    Attributes:
        name: the column's name, unique in the answer.
        type: type of its cells.
        cells: one per row: float64, NaN where there is no number; or a list, with None.
    """

    name: str
    type: CellType
    cells: NDArray[np.float64] | Sequence[Any]


def list_columns(answers: Answers) -> list[AnswerColumn]:
    """Return the columns of an answer but the flags. Raises InvalidQueryError: too many columns.

    A repeated name gets a number, as in a dataset.
    """
    columns = [*_list_predictions(answers), *_list_activations(answers)]
    if len(columns) > MAX_ANSWER_COLUMNS:
        detail = (
            f"the answer has {len(columns)} columns, a table has at most {MAX_ANSWER_COLUMNS}: "
            "request fewer layers, or JSON"
        )
        problem = FieldProblem(
            location="header", pointer="/Accept", code="too_many_columns", detail=detail
        )
        raise InvalidQueryError([problem])
    names = UniqueNames([FLAGS])
    return [AnswerColumn(names.reserve(c.name), c.type, c.cells) for c in columns]


def _list_predictions(answers: Answers) -> Iterator[AnswerColumn]:
    found, preprocessing = answers.found, answers.model.preprocessing
    if isinstance(found, Reconstructions):
        return _list_reconstructions(found, preprocessing.columns)
    match preprocessing.target:
        case ClassTarget() as target:
            return _list_classes(answers, found, target)
        case NumericTarget():
            return _list_numbers(found, ("value",), ("std",))
        case NumericTargets() as target:
            names = target_names(target)
            return _list_numbers(found, names, [f"std_{name}" for name in names])
        case LabelTargets() as target:
            return _list_labels(answers, found, target)
        case InputsTarget():
            raise TypeError("an autoencoder's answers are reconstructions")
        case unknown:
            assert_never(unknown)


def _list_classes(
    answers: Answers, found: Predictions, target: ClassTarget
) -> Iterator[AnswerColumn]:
    outputs = found.values.astype(np.float64)
    best = found.values.argmax(axis=1)
    are_probabilities = answers.model.predictor.gives_probabilities
    withheld = answers.abstained
    yield _make_labels("label", target.classes, best, withheld)
    if are_probabilities:
        yield AnswerColumn("probability", "number", outputs[np.arange(len(best)), best])
    if withheld is not None:
        yield AnswerColumn("abstained", "boolean", withheld.tolist())
    kind = "probability" if are_probabilities else "score"
    for level, values in zip(target.classes, outputs.T, strict=True):
        yield AnswerColumn(f"{kind}_{level_text(level)}", "number", values)


def _list_numbers(
    found: Predictions, names: Sequence[str], deviation_names: Sequence[str]
) -> Iterator[AnswerColumn]:
    """Yield values and standard deviations, `(rows,)` or `(rows, targets)`."""
    pairs = [(names, found.values)]
    if found.deviations is not None:
        pairs.append((deviation_names, found.deviations))
    for own_names, values in pairs:
        by_target = values.astype(np.float64).reshape(len(values), -1).T
        for name, column in zip(own_names, by_target, strict=True):
            yield AnswerColumn(name, "number", column)


def _list_labels(
    answers: Answers, found: Predictions, target: LabelTargets
) -> Iterator[AnswerColumn]:
    probabilities = found.values.astype(np.float64)
    withheld = answers.abstained
    for index, label in enumerate(target.labels):
        is_second = (found.values[:, index] > 0.5).astype(np.intp)
        own = None if withheld is None else withheld[:, index]
        yield _make_labels(label.name, label.classes, is_second, own)
        yield AnswerColumn(f"probability_{label.name}", "number", probabilities[:, index])
        if own is not None:
            yield AnswerColumn(f"abstained_{label.name}", "boolean", own.tolist())


def _list_reconstructions(
    found: Reconstructions, columns: Sequence[FittedColumn]
) -> Iterator[AnswerColumn]:
    yield AnswerColumn("error", "number", found.errors.astype(np.float64))
    if found.scores is not None:
        yield AnswerColumn("anomaly_score", "number", found.scores.astype(np.float64))
    for column, errors in zip(columns, found.column_errors.astype(np.float64).T, strict=True):
        yield AnswerColumn(f"error_{column.name}", "number", errors)
    for column, values in zip(columns, found.values, strict=True):
        yield AnswerColumn(column.name, _type_of(column), values)


def _list_activations(answers: Answers) -> Iterator[AnswerColumn]:
    """Yield a column per unit of the requested layers; outputs that are not finite are NaN."""
    for name, outputs in answers.activations.items():
        units = outputs.reshape(answers.rows, -1).astype(np.float64)
        units[~np.isfinite(units)] = np.nan
        for unit, values in enumerate(units.T):
            yield AnswerColumn(f"{name}_{unit}", "number", values)


def _make_labels(
    name: str,
    classes: Sequence[Level],
    indices: NDArray[np.intp],
    withheld: NDArray[np.bool_] | None,
) -> AnswerColumn:
    """Return the class of each row, None where it is withheld."""
    cell_type = _type_of_levels(classes)
    levels = [level_text(level) for level in classes] if cell_type == "text" else classes
    cells: list[Any] = [levels[index] for index in indices.tolist()]
    if withheld is not None:
        cells = [
            None if is_withheld else cell for cell, is_withheld in zip(cells, withheld, strict=True)
        ]
    return AnswerColumn(name, cell_type, cells)


def _type_of_levels(levels: Sequence[Level]) -> CellType:
    if all(isinstance(level, bool) for level in levels):
        return "boolean"
    if all(type(level) is int and -_MAX_INTEGER <= level < _MAX_INTEGER for level in levels):
        return "integer"
    return "number" if all(type(level) is float for level in levels) else "text"


def _type_of(column: FittedColumn) -> CellType:
    if isinstance(column, FittedNumeric | FittedTime):
        return "number"
    return "boolean" if isinstance(column, FittedBoolean) else "text"
