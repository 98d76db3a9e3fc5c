"""Rows of a step: those of its batch, rows of the dataset, or a row of the client's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.data.split_arrays import Batch
from engine.errors import SpecError, SpecProblem
from engine.preprocessing.network_inputs import describe_inputs
from engine.training.step_inputs import StepInputs
from service.explain.answers import ExplainedRow, ExplainedRows
from service.explain.own_row import encode_own_row, values_of_own_row
from service.schemas.explain import OwnRow, RowsChoice
from store.replay.replay import Replay
from store.replay.rows import batch_rows, encode_dataset_rows, read_dataset_rows
from store.replay.without_data import PositionedStep, StepWithoutData

# Longer texts are cut.
MAX_TEXT = 200


@dataclass(frozen=True)
class StepRows:
    """The rows of a step.

    Attributes:
        inputs: the step, with these rows as its batch.
        numbers: their row numbers in the dataset; None for a row of the client's own.
        own: values of the client's own row.
    """

    inputs: StepInputs
    numbers: Sequence[int] | None
    own: Mapping[str, Any] | None = None

    @property
    def is_own_batch(self) -> bool:
        """Whether they are the batch of the step."""
        return self.inputs.positions is not None


def require_data(step: PositionedStep) -> Replay:
    """Return a step whose dataset exists. Raises DatasetGoneError."""
    if isinstance(step, StepWithoutData):
        raise step.data_gone()
    return step


def choose_rows(step: PositionedStep, inputs: StepInputs, rows: RowsChoice) -> StepRows:
    """Return the step with the rows of the request.

    Raises:
        DatasetGoneError: the rows are those of a dataset that has been deleted.
        RowNotFoundError: the dataset has no such row.
        DataError: a row of the dataset has no target that the network knows.
        InvalidRowsError: the client's row cannot be encoded.
        SpecError: batch normalization needs further rows.
    """
    match rows:
        case "batch":
            replay, positions = require_data(step), inputs.positions
            assert positions is not None  # noqa: S101 - of a step of a training
            return StepRows(inputs, batch_rows(replay, positions).tolist())
        case OwnRow() as own:
            _require_normalizable(inputs, 1)
            return StepRows(
                _with(inputs, encode_own_row(step, own)), None, values_of_own_row(step, own)
            )
        case numbers:
            _require_normalizable(inputs, len(numbers))
            replay = require_data(step)
            batch = encode_dataset_rows(replay, read_dataset_rows(replay, numbers))
            return StepRows(_with(inputs, batch), numbers)


def describe_rows(
    step: PositionedStep, rows: StepRows, shown: range, first_input: int, max_inputs: int
) -> ExplainedRows:
    """Return values and encoding of rows.

    Args:
        step: the step, reached.
        rows: the rows.
        shown: positions in the batch of the rows to describe.
        first_input: first network input to describe.
        max_inputs: most network inputs to describe.
    """
    described = describe_inputs(step.preprocessing.columns)
    inputs = described[first_input : first_input + max_inputs]
    columns = {*(one.column for one in inputs), *step.spec.targets}
    x = rows.inputs.batch.x.reshape(len(rows.inputs.batch.x), -1)
    encoded = x[shown.start : shown.stop, first_input : first_input + max_inputs].tolist()
    numbers = None if rows.numbers is None else rows.numbers[shown.start : shown.stop]
    values = _read_values(step, rows, numbers)
    return ExplainedRows(
        shown=tuple(
            ExplainedRow(
                position=position,
                number=None if numbers is None else numbers[index],
                values={name: _cut(one) for name, one in values[index].items() if name in columns},
                encoded=tuple(encoded[index]),
            )
            for index, position in enumerate(shown)
        ),
        left_out=len(x) - len(shown),
        inputs=inputs,
        inputs_left_out=len(described) - len(inputs),
    )


def _read_values(
    step: PositionedStep, rows: StepRows, numbers: Sequence[int] | None
) -> Sequence[Mapping[str, Any]]:
    if numbers is not None:
        return read_dataset_rows(require_data(step), numbers).values
    return [rows.own or {}]


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        return f"{value[:MAX_TEXT]}…"
    return value


def _with(inputs: StepInputs, batch: Batch) -> StepInputs:
    return replace(inputs, batch=batch, positions=None)


def _require_normalizable(inputs: StepInputs, rows: int) -> None:
    if rows == 1 and inputs.spec.network.normalizes_batches:
        detail = (
            "the network normalizes batches, which needs at least two rows: send several row "
            'numbers, or "batch"'
        )
        raise SpecError([SpecProblem("/rows", "batch_normalization_single_row", detail)])
