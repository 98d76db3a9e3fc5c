"""Schemas of predictions."""

from collections.abc import Mapping
from itertools import islice
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from engine.data.similar_words import find_similar
from service.schemas.common import Body, View
from service.schemas.jobs import Classes, Label

MAX_ROWS = 10_000
# Comparing names takes long.
_MAX_COMPARED = 3
_MAX_SHOWN = 80
_FORMS = 'expected is {"rows": [[…], …]}, {"rows": [{…}, …]} or {"columns": {…}}'
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


# Checked by service/predictions/json_columns.py: an error per column would be too many.
Columns = Annotated[
    dict[str, Any],
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "type": "array",
                "items": _VALUE,
                "minItems": 1,
                "maxItems": MAX_ROWS,
            },
        }
    ),
]


class PredictRequest(Body):
    """Rows to predict, as records (column → value), arrays in feature order, or by column."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["rows"]}, {"required": ["columns"]}]}
    )

    rows: list[Row] = Field(
        default_factory=list,
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
    columns: Columns = Field(
        default_factory=dict,
        min_length=1,
        description="In place of `rows`: the values of each column, all of the same number. A "
        "feature without a column is missing in all rows.",
        examples=[{"petal_length": [4.7, 1.4], "petal_width": [1.4, 0.2]}],
    )

    @model_validator(mode="before")
    @classmethod
    def _has_one(cls, body: object) -> object:
        if not isinstance(body, dict):
            raise PydanticCustomError("not_an_object", f"the body is not an object: {_FORMS}")
        stated = cls.model_fields.keys() & body.keys()
        if not stated:
            raise PydanticCustomError("missing_rows", f"rows is missing: {_FORMS}{_suggest(body)}")
        if len(stated) > 1:
            msg = "exactly one of rows and columns is expected"
            raise ValueError(msg)
        return body


def _suggest(body: Mapping[str, object]) -> str:
    """Return the question whether a field of the body is one of the known ones."""
    for name in islice(body, _MAX_COMPARED):
        similar = find_similar(name, PredictRequest.model_fields)
        if similar:
            return f"; did you mean {similar[0]!r} by {name[:_MAX_SHOWN]!r}?"
    return ""


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


class Prediction(View):
    """Fields that the predictions of every kind of model have."""

    flags: list[FlagView] = Field(
        default=[], description="The row's unusual values; absent if `stats` are requested."
    )
    activations: dict[str, list[float | None]] = Field(
        default={},
        description="Outputs of the requested layers, flat in row-major order; null where they are "
        "not finite. Absent unless requested.",
    )


class ClassPrediction(Prediction):
    """The predicted class of a row, and the output per class."""

    label: Label | None = Field(description="The most likely class; null if `abstained`.")
    probability: float | None = Field(
        description="Probability of the most likely class; null if the outputs are not "
        "probabilities."
    )
    probabilities: list[float] | None = Field(
        description="In the order of `classes`; null unless the output is softmax or sigmoid."
    )
    scores: list[float] | None = Field(
        description="In the order of `classes`: outputs that are not probabilities, else null."
    )
    abstained: bool = Field(description="Whether `probability` is below `min_probability`.")


class ValuePrediction(Prediction):
    """The predicted value of a row, in the unit of the target."""

    value: float
    std: float | None = Field(
        description="Predicted standard deviation with the gaussian loss; otherwise null."
    )


class ReconstructionPrediction(Prediction):
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


class ValuesPrediction(Prediction):
    """The predicted value of each of several targets, by target name, each in its own unit."""

    values: dict[str, float]
    std: dict[str, float] | None = Field(
        description="Predicted standard deviations with the gaussian loss; otherwise null."
    )


class LabelsPrediction(Prediction):
    """The predicted value of each of several labels, by target name."""

    labels: dict[str, Label | None] = Field(
        description="One of the label's two `classes`: the second if its probability is above 0.5; "
        "null if it is among `abstained`."
    )
    probabilities: dict[str, float] = Field(
        description="Probability of the second of the label's `classes`, such as true, 1 or yes."
    )
    abstained: list[str] = Field(
        description="The labels whose more likely class has a probability below `min_probability`."
    )


class StatsView(View):
    """Numbers of the rows and of their flagged values."""

    rows: int
    flagged_rows: int = Field(description="Number of rows with a flagged value.")
    columns: dict[str, dict[Flag, Annotated[int, Field(ge=1)]]] = Field(
        description="Number of values per column and flag; columns without flags are left out."
    )


class LayerView(View):
    """A layer whose outputs the answer has."""

    shape: list[int] = Field(
        description="Shape of the layer's output for one row, such as height, width and channels; "
        "`activations` have the values in row-major order."
    )


class PredictView(View):
    """One prediction per row, in the order of the rows."""

    model_id: str
    classes: Classes | None
    stats: StatsView | None = Field(default=None, description="Absent unless requested.")
    layers: dict[str, LayerView] | None = Field(
        default=None, description="The layers of `activations` by name; absent unless requested."
    )
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
