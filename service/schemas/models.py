"""Models and predictions on the wire."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from engine.metrics import Metric
from engine.specs import ResolvedSpec
from service.schemas.common import Body, View
from service.schemas.jobs import CrossValidationView

MAX_ROWS = 10_000
Scalar = str | int | float | bool | None
Label = str | bool | int | float
Flag = Literal["imputed", "unknown_category", "out_of_range"]


class LineageView(View):
    """What a model was made from; all null for one that was imported."""

    job_id: str | None
    dataset_id: str | None
    dataset_sha256: str | None


class ModelView(View):
    """What a job leaves: spec, preprocessing, metrics; its weights have a route of their own."""

    id: str
    name: str
    created_at: datetime
    lineage: LineageView
    spec: ResolvedSpec
    preprocessing: dict[str, Any]
    classes: list[Label] | None
    metrics: dict[str, Metric]
    cross_validation: CrossValidationView | None = Field(
        description="What the folds of its job have come to; null without folds."
    )
    parameter_count: int
    partial: bool = Field(
        description="The job was cancelled, or out of time among its folds: these are the weights "
        "so far."
    )
    weights_sha256: str
    links: dict[str, str]


class WeightView(View):
    """One array of weights, row by row."""

    shape: list[int]
    values: Any


class PredictRequest(Body):
    """Rows as records (column → value) or as arrays in the order of the model's features."""

    rows: list[dict[str, Scalar]] | list[list[Scalar]] = Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="Values as the dataset's file has them: numbers, or texts that say numbers, "
        "truth values or times in its words; what is null, left out or one of its markers of "
        "missing values is missing. Other columns of the dataset may stay in a record.",
        examples=[[{"petal_length": 4.7, "petal_width": 1.4}]],
    )


class FlagView(View):
    """A value that the model could not take as it was sent, or has seen nothing like."""

    column: str
    flag: Flag = Field(
        description="imputed: it is missing, and what stands in for it was taken; "
        "unknown_category: the model knows no such category; out_of_range: a number or time "
        "further beyond those of the training rows than half their range."
    )


class ClassPrediction(View):
    """The class of a row with the largest output, and the output of every class."""

    label: Label
    probability: float | None = Field(
        description="Of the label; null where outputs are no probabilities."
    )
    probabilities: list[float] | None = Field(
        description="In the order of `classes`: the outputs of a softmax or a sigmoid, else null."
    )
    scores: list[float] | None = Field(
        description="In the order of `classes`: outputs that are no probabilities, else null."
    )
    flags: list[FlagView] = Field(default=[])


class ValuePrediction(View):
    """The number predicted for a row, in the target's own unit."""

    value: float
    std: float | None = Field(
        description="Standard deviation, learned by the loss gaussian; null with other losses."
    )
    flags: list[FlagView] = Field(default=[])


class PredictView(View):
    """One prediction a row, in the order of the rows."""

    model_id: str
    classes: list[Label] | None
    data: list[ClassPrediction] | list[ValuePrediction]
