"""Bodies of requests that explain training steps."""

from typing import Annotated

from pydantic import Field, JsonValue

from engine.explain.explanation.options import ExplainOptions
from engine.specs import MAX_EXACT_INTEGER, MAX_FEATURES
from engine.specs.base import Items, Spec
from engine.specs.step import StepSpec

MAX_ROWS = 1024
# More than any job has: folds times repeats.
MAX_FOLDS = 1000
Name = Annotated[str, Field(max_length=256)]
Row = Annotated[Items[float], Field(min_length=1, max_length=MAX_FEATURES)]


class StepRequest(Spec):
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


class ExplainRequest(StepRequest, ExplainOptions):
    """A step of a job, and the part of it that is shown."""


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
    row_weights: Items[float] | None = Field(
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
