"""Schemas of models and predictions."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema

from engine.metrics import Metric
from engine.specs import ResolvedSpec
from service.schemas.common import Body, View
from service.schemas.jobs import Classes, CrossValidationView, Label, StoredSpec

MAX_ROWS = 10_000
Flag = Literal["imputed", "unknown_category", "out_of_range", "not_understood", "untrained"]


_VALUE = {"type": ["string", "number", "boolean", "null"]}
# Checked by service/serializers/records.py: a row's form depends on the model.
Row = Annotated[
    Any,
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "object", "additionalProperties": _VALUE},
                {"type": "array", "items": {"type": [*_VALUE["type"], "array"]}},
            ]
        }
    ),
]


class LineageView(View):
    """The job and dataset a model was trained from; all null for an imported model."""

    job_id: str | None
    dataset_id: str | None
    dataset_sha256: str | None


class ModelMetricsView(View):
    """Losses and metrics of the weights, by name."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Metric] = Field(init=False)
    test: dict[str, Metric] | None = Field(
        description="Loss and metrics of the test rows; null without a test part, and for partial "
        "models."
    )


class ModelView(View):
    """A model: spec, preprocessing and metrics. The weights have their own route."""

    id: str
    name: str
    created_at: datetime
    lineage: LineageView
    spec: ResolvedSpec | StoredSpec
    preprocessing: dict[str, Any]
    spec_version: int = Field(
        description="Version of `spec` and `preprocessing`. A model of a later version can be "
        "downloaded; `predict` and `start_from` are 409 `later_version`."
    )
    classes: Classes | None = Field(
        description="Classes of the target, of several labels by target name; null for numbers, or "
        "for a later version."
    )
    metrics: ModelMetricsView
    cross_validation: CrossValidationView | None = Field(
        description="Cross-validation results of its job; null without folds."
    )
    parameter_count: int
    partial: bool = Field(
        description="The job did not finish: it was cancelled, or ran out of time during the "
        "folds. These are its weights at that point."
    )
    weights_sha256: str
    numerics: int | None = Field(
        description="Version of the engine's numerics that trained the weights; it goes up when "
        "the same spec gives other bits. Null for an imported model."
    )
    links: dict[str, str]


class WeightView(View):
    """One weight array, in row-major order."""

    shape: list[int]
    values: Any


class PredictRequest(Body):
    """Rows to predict, as records (column → value) or as arrays in feature order."""

    rows: list[Row] = Field(
        min_length=1,
        max_length=MAX_ROWS,
        description="Values in the notation of the dataset's file: numbers, or texts that denote "
        "numbers, booleans or times; a number in a column of times is seconds since "
        "1970-01-01T00:00:00Z. A value is missing if it is null, left out, or one of the dataset's "
        "missing-value markers; in a column of numbers, booleans or times, also if it is a usual "
        "one such as `?`, `-` or `n.a.`. A value that cannot be read is missing and flagged "
        "`not_understood`; it is never an error. Records may include the target and other columns "
        "of the dataset, which are ignored. An array may be nested in the model's `input_shape`; a "
        "last side of 1 may be left out.",
        examples=[[{"petal_length": 4.7, "petal_width": 1.4}]],
    )


class FlagView(View):
    """A value that was replaced, or that is outside the training data."""

    column: str
    flag: Flag = Field(
        description="imputed: the value is missing and was replaced; not_understood: the value "
        "cannot be read as one of its column, or computed with, and was replaced; "
        "unknown_category: the "
        "category does not occur in the training rows; out_of_range: the number or time is "
        "outside the range of the training rows by more than half that range."
    )


class ClassPrediction(View):
    """The predicted class of a row, and the output per class."""

    label: Label
    probability: float | None = Field(
        description="Probability of the label; null if the outputs are not probabilities."
    )
    probabilities: list[float] | None = Field(
        description="In the order of `classes`; null unless the output is softmax or sigmoid."
    )
    scores: list[float] | None = Field(
        description="In the order of `classes`: outputs that are not probabilities, else null."
    )
    flags: list[FlagView] = Field(default=[])


class ValuePrediction(View):
    """The predicted value of a row, in the unit of the target."""

    value: float
    std: float | None = Field(
        description="Predicted standard deviation with the gaussian loss; otherwise null."
    )
    flags: list[FlagView] = Field(default=[])


class ReconstructionPrediction(View):
    """A row as an autoencoder reconstructs it, and how far that is from the row itself."""

    error: float = Field(
        description="Mean of (x̂ − x)² over the model's inputs, x being the scaled inputs."
    )
    anomaly_score: float | None = Field(
        description="Share of the training rows with a smaller error, from 0 to 1, interpolated; "
        "1 beyond the largest. Null for an imported model without `error_quantiles`."
    )
    columns: dict[str, float | None] = Field(
        description="Error of each column, the mean over its inputs; null for a column without "
        "inputs. Weighted by the numbers of inputs, their mean is `error`."
    )
    values: dict[str, Label | None] = Field(
        description="Reconstructed value of each column, in the column's own unit: the number, the "
        "truth value, the most likely category. Null for times and texts, whose inputs do not "
        "determine a value, and for the infrequent categories that share an input."
    )
    flags: list[FlagView] = Field(default=[])


class ValuesPrediction(View):
    """The predicted value of each of several targets, by target name, each in its own unit."""

    values: dict[str, float]
    std: dict[str, float] | None = Field(
        description="Predicted standard deviations with the gaussian loss; otherwise null."
    )
    flags: list[FlagView] = Field(default=[])


class LabelsPrediction(View):
    """The predicted value of each of several labels, by target name."""

    labels: dict[str, Label] = Field(
        description="One of the label's two `classes`: the second if its probability is above 0.5."
    )
    probabilities: dict[str, float] = Field(
        description="Probability of the second of the label's `classes`, such as true, 1 or yes."
    )
    flags: list[FlagView] = Field(default=[])


class PredictView(View):
    """One prediction per row, in the order of the rows."""

    model_id: str
    classes: Classes | None
    data: (
        list[ClassPrediction]
        | list[ValuePrediction]
        | list[ValuesPrediction]
        | list[LabelsPrediction]
        | list[ReconstructionPrediction]
    ) = Field(
        description="With a single target a class or a value per row; with several targets "
        "`values` or `labels` by target name; of a reconstruction the errors, and `values` by "
        "column name."
    )
