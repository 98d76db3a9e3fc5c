"""Schemas of imported models."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from engine.errors import LaterVersionError
from engine.metrics.anomaly_scores import MAX_QUANTILES
from engine.preprocessing.fitted import CLIP_SPANS
from engine.specs import MAX_FEATURES, MAX_TARGETS, NetworkSpec, Spec, TimePart
from engine.specs.base import Items
from engine.specs.losses import LossField
from engine.specs.preprocessing import MAX_BUCKETS
from engine.stored.versions import SPEC_VERSION, check_version
from service.schemas.common import Name, Text

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ColumnText = Annotated[Text, StringConstraints(min_length=1)]
Word = Annotated[Text, StringConstraints(max_length=256)]
# An embedding needs one further code for missing values and one for other categories.
Levels = Annotated[Items[Text], Field(max_length=MAX_FEATURES - 1)]


class InputColumnSpec(Spec):
    """Base of input columns."""

    name: ColumnText


class IndicatedSpec(InputColumnSpec):
    """Base of input columns with an optional missing-value indicator."""

    indicator: bool = Field(
        default=False, description="Add a last input that is 1 where the value is missing."
    )


class NumericInput(IndicatedSpec):
    """A number as one input: (t(value) − center) / scale."""

    type: Literal["numeric"] = "numeric"
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(default=0.0, description="Replaces a missing value.")
    log: bool = Field(default=False, description="t(x) = sign(x)·log(1 + |x|), else t(x) = x.")
    minimum: Finite | None = Field(
        default=None,
        description="Minimum of the training rows; values far outside the range are flagged.",
    )
    maximum: Finite | None = None
    clip_spans: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=CLIP_SPANS,
        description="Values are clipped at this many widths of the range beyond it.",
    )


class BooleanInput(IndicatedSpec):
    """A boolean as one input, 0 or 1."""

    type: Literal["boolean"] = "boolean"
    fill: Finite = 0.0


class LevelsInput(IndicatedSpec):
    """A category, one-hot encoded: one input per category."""

    type: Literal["levels"] = "levels"
    levels: Levels
    rest: bool = Field(default=False, description="Add an input for all other categories.")
    fill: Text | None = Field(default=None, description="Category that replaces a missing value.")


class CodesInput(InputColumnSpec):
    """A category as a code for an embedding: 1 + its index in `levels`, 0 for any other."""

    type: Literal["codes"] = "codes"
    levels: Levels
    rest: bool = Field(default=False, description="Add a last code for all other categories.")
    fill: Text | None = Field(default=None, description="Category that replaces a missing value.")


class OrdinalInput(IndicatedSpec):
    """A category as one input: (its index in `levels` − center) / scale."""

    type: Literal["ordinal"] = "ordinal"
    levels: Levels
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(
        default=0.0, description="Index that replaces a missing or unknown category."
    )


class TimeInput(IndicatedSpec):
    """A time as its parts: (year − center) / scale; sine and cosine of each other part."""

    type: Literal["time"] = "time"
    parts: Items[TimePart] = Field(min_length=1, max_length=4)
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(default=0.0, description="Replaces a missing time; seconds since 1970.")
    minimum: Finite | None = None
    maximum: Finite | None = None


class TextInput(IndicatedSpec):
    """Free text as word counts, hashed into buckets."""

    type: Literal["text"] = "text"
    buckets: int = Field(ge=2, le=MAX_BUCKETS)


InputColumn = Annotated[
    NumericInput | BooleanInput | LevelsInput | CodesInput | OrdinalInput | TimeInput | TextInput,
    Field(discriminator="type"),
]


class ClassesTarget(Spec):
    """Classes in the order of the network's outputs."""

    type: Literal["classes"] = "classes"
    name: ColumnText
    classes: Items[Text | bool | int | float] = Field(min_length=2, max_length=1000)


class NumberTarget(Spec):
    """A number: output · scale + center."""

    type: Literal["number"] = "number"
    name: ColumnText
    center: Finite = 0.0
    scale: Scale = 1.0


class InputsTarget(Spec):
    """The inputs themselves: the network is an autoencoder with one output per input."""

    type: Literal["inputs"] = "inputs"
    error_quantiles: (
        Annotated[
            Items[Annotated[float, Field(ge=0, allow_inf_nan=False)]],
            Field(min_length=2, max_length=MAX_QUANTILES),
        ]
        | None
    ) = Field(
        default=None,
        description="Evenly spaced quantiles, from minimum to maximum, of the training rows' "
        "errors (the mean of (x̂ − x)² over the inputs), for the anomaly score. Default: no score.",
    )


class NumbersTarget(Spec):
    """Several numbers, in the order of the network's outputs."""

    type: Literal["numbers"] = "numbers"
    targets: Items[NumberTarget] = Field(min_length=2, max_length=MAX_TARGETS)


class LabelsTarget(Spec):
    """Several labels with two classes each, in the order of the outputs; the second is positive."""

    type: Literal["labels"] = "labels"
    labels: Items[ClassesTarget] = Field(min_length=2, max_length=MAX_TARGETS)


ImportedTarget = Annotated[
    ClassesTarget | NumberTarget | NumbersTarget | LabelsTarget | InputsTarget,
    Field(discriminator="type"),
]


class WordsSpec(Spec):
    """Conventions of the rows to predict: missing values, decimal separator, time formats."""

    missing: Items[Word] = Field(
        default=(), max_length=1000, description="Texts that denote a missing value."
    )
    decimal: Literal[".", ","] = "."
    time_formats: dict[ColumnText, Word] = Field(
        default={},
        max_length=MAX_FEATURES,
        description="Format per time column: `iso`, or a strptime format.",
    )


class HeldCodesSpec(Spec):
    """Codes of an embedded column that no training row has, and the code that replaces them."""

    input: int = Field(ge=0, lt=MAX_FEATURES, description="Index of the column's input.")
    codes: Items[Annotated[int, Field(ge=0, le=MAX_FEATURES)]] = Field(
        min_length=1, max_length=MAX_FEATURES
    )
    substitute: int = Field(
        ge=0, le=MAX_FEATURES, description="The most frequent code of the training rows."
    )


class HeldInputsSpec(Spec):
    """Inputs that never varied in the training rows: they keep their value there in every row."""

    inputs: Items[Annotated[int, Field(ge=0, lt=MAX_FEATURES)]] = Field(
        default=(),
        max_length=MAX_FEATURES,
        description="Indices of the network's inputs, ascending; not those of columns of codes.",
    )
    values: Items[Finite] = Field(
        default=(), max_length=MAX_FEATURES, description="Value of each of these inputs."
    )
    codes: Items[HeldCodesSpec] = Field(default=(), max_length=MAX_FEATURES)


class SomeColumns(Spec):
    """Some of the columns of a long list, which is validated piece by piece."""

    columns: Items[InputColumn]


class ImportedPreprocessing(Spec):
    """Preprocessing of the inputs and decoding of the output, in the form a model shows it."""

    columns: Items[InputColumn] = Field(min_length=1, max_length=MAX_FEATURES)
    target: ImportedTarget
    words: WordsSpec = WordsSpec()
    held: HeldInputsSpec = HeldInputsSpec()
    incomplete: Annotated[Items[ColumnText], Field(max_length=MAX_FEATURES)] | None = Field(
        default=None,
        description="Names of the columns with missing values in the training rows. Rows to "
        "predict need every other column. Default: unknown, no column is required.",
    )


def _readable(version: int) -> int:
    try:
        check_version("spec", version)
    except LaterVersionError as error:
        raise PydanticCustomError(error.code, "{reason}", {"reason": str(error)}) from error
    return version


class ImportRequest(Spec):
    """A model trained outside this service: its network, preprocessing and loss."""

    spec_version: Annotated[int, AfterValidator(_readable)] = Field(
        default=SPEC_VERSION,
        ge=1,
        description="Version of the description, as another service shows it with a model.",
    )
    name: Name = ""
    network: NetworkSpec
    preprocessing: ImportedPreprocessing
    loss: LossField | None = Field(
        default=None,
        description="The loss it was trained with, which defines the meaning of its outputs. "
        "Default: the loss that matches the output activation.",
    )
    dtype: Literal["float32", "float64"] = "float32"
