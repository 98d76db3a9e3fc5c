"""Bodies of requests that explain training steps."""

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, JsonValue, Tag, model_validator

from engine.explain.distributions import BINS
from engine.explain.explanation.options import ExplainOptions, Index
from engine.explain.gradient_check.check_gradients import MOST, PER_LAYER
from engine.explain.rate_sweep.results import POINTS
from engine.explain.rate_sweep.sweep_rates import MOST_POINTS
from engine.specs import MAX_EXACT_INTEGER, MAX_FEATURES
from engine.specs.base import Items, Spec
from engine.specs.step import StepSpec
from engine.specs.step_change import StepChange
from service.schemas.common import Text

MAX_ROWS = 1024
# More than any job has: folds times repeats.
MAX_FOLDS = 1000
Name = Annotated[str, Field(max_length=256)]
Level = str | bool | int | float
Row = Annotated[Items[float], Field(min_length=1, max_length=MAX_FEATURES)]


class OwnRow(Spec):
    """A row of the client's own, in the notation of the training file."""

    values: dict[Text, JsonValue] | Items[JsonValue] = Field(
        description="Values by column, or in the order of the features, as for predictions. A "
        "column that is left out is missing if it had missing values in the training rows, else "
        "it is an error; null is a missing value in any case.",
        examples=[{"width": 1.5, "colour": "red"}],
    )
    target: Level | dict[Text, Level] | None = Field(
        default=None,
        description="The target; of several targets an object by column. Not for reconstruction.",
    )


def _form_of_rows(value: object) -> str | None:
    if isinstance(value, list | tuple):
        return "numbers"
    if isinstance(value, dict | OwnRow):
        return "own"
    return "batch" if value == "batch" else None


RowNumber = Annotated[int, Field(ge=0, le=MAX_EXACT_INTEGER - 1)]
RowNumbers = Annotated[Items[RowNumber], Field(min_length=1, max_length=MAX_ROWS)]


class StepPoint(Spec):
    """A step of a job."""

    step: int = Field(
        ge=0,
        le=MAX_EXACT_INTEGER - 1,
        description="Index of the step, from 0 over the training of its network: the update from "
        "the weights after `step` steps to those after one more. A job of 200 steps has the steps "
        "0 to 199.",
        examples=[120],
    )
    fold: int | None = Field(
        default=None,
        ge=0,
        le=MAX_FOLDS - 1,
        description="Index of the fold over all repeats, from 0. Default: the final network.",
    )


RowsChoice = Annotated[
    Annotated[Literal["batch"], Tag("batch")]
    | Annotated[RowNumbers, Tag("numbers")]
    | Annotated[OwnRow, Tag("own")],
    Discriminator(
        _form_of_rows,
        custom_error_type="rows_form",
        custom_error_message='must be "batch", a list of row numbers such as [0, 17], or a row of '
        'your own such as {"values": {"width": 1.5}, "target": "a"}',
    ),
]


class StepRequest(StepPoint):
    """A step of a job, and the rows that it is asked about."""

    rows: RowsChoice = Field(
        default="batch",
        description="The rows: the batch of the step, rows of the training dataset by number from "
        "0, or a row of the client's own. With other rows than the batch, the gradients and the "
        "update are those that these rows cause with the weights before the step.",
        examples=["batch", [0, 17]],
    )


class ExplainRequest(StepRequest, ExplainOptions):
    """A step of a job, and the part of it that is shown."""

    first_input: Index = Field(
        default=0, description="First input of the network that is described."
    )
    max_inputs: int = Field(
        default=100, ge=0, le=1000, description="Most inputs of the network that are described."
    )
    first_output: Index = Field(
        default=0, description="First output of the network that is described."
    )
    max_outputs: int = Field(
        default=100, ge=0, le=1000, description="Most outputs of the network that are described."
    )


class CounterfactualRequest(StepPoint, StepChange):
    """A step of a job, and what is changed in it."""

    rows: RowsChoice = Field(
        default="batch",
        description="The rows of the changed step: its batch, rows of the training dataset by "
        "number from 0, or a row of the client's own. Not together with `batch_size`.",
        examples=["batch", [0, 17]],
    )
    max_rows: int = Field(
        default=25, ge=0, le=256, description="Most rows per batch whose outputs are shown."
    )

    @model_validator(mode="after")
    def _require_one_batch(self) -> Self:
        if self.batch_size is not None and self.rows != "batch":
            msg = "set either batch_size or rows"
            raise ValueError(msg)
        return self


SweptRate = Annotated[float, Field(gt=0, le=1e12)]


class RateSweepRequest(StepRequest):
    """A step of a job, and the learning rates that are tried."""

    lowest: SweptRate | None = Field(
        default=None,
        description="Lowest learning rate. Default: a thousandth of that of the step.",
    )
    highest: SweptRate | None = Field(
        default=None,
        description="Highest learning rate. Default: a thousand times that of the step.",
    )
    points: int = Field(
        default=POINTS, ge=2, le=MOST_POINTS, description="Number of rates, in equal factors."
    )


class GradientCheckRequest(StepRequest):
    """A step of a job, and how many of its gradients are checked."""

    per_layer: int = Field(
        default=PER_LAYER, ge=1, le=MOST, description="Most parameters per layer."
    )
    most: int = Field(
        default=MOST,
        ge=1,
        le=MOST,
        description="Most parameters in all, though at least one per layer. Each takes two forward "
        "passes; after 6 s the check ends with those that it has.",
    )


class DistributionsRequest(StepRequest):
    """A step of a job, and the number of bins of each histogram."""

    bins: int = Field(default=BINS, ge=1, le=200, description="Bins of equal width per histogram.")


class ExplainStepRequest(StepSpec, ExplainOptions):
    """A training step described by numbers alone, and the part of it that is shown."""

    rows: Items[Row] = Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="The batch: the network's inputs of each row, all of one length.",
    )
    targets: Items[int | float | Items[float]] = Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="The target of each row as the loss takes it: the index of a class for "
        "cross_entropy and hinge, else a number per output, in a list unless there is one.",
    )
    row_weights: Items[Annotated[float, Field(ge=0)]] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_ROWS,
        description="Weight of each row in the loss, Σ w · loss / rows. Default: 1.",
    )
    weights: dict[Name, JsonValue] = Field(
        default={},
        max_length=1000,
        description="Parameters by name, as nested lists of the array's shape or as one list in "
        "row-major order. The others are initialized by `seed`, as a job with it is.",
        examples=[{"layers.0.weight": [[0.4]], "output.weight": [[0.6]]}],
    )
    optimizer_state: dict[Name, dict[Name, JsonValue]] = Field(
        default={},
        max_length=16,
        description="State of the optimizer before the step, by the symbol of its formula (Adam: "
        "m and v) and by parameter. The others are 0, as before the first step.",
        examples=[{"m": {"output.weight": [[0.01]]}, "v": {"output.weight": [[0.0001]]}}],
    )
    step: int = Field(
        default=0,
        ge=0,
        le=MAX_EXACT_INTEGER - 1,
        description="Index of the step, from 0: Adam's t is `step` + 1, and the schedule and the "
        "masks of dropout depend on it.",
    )
