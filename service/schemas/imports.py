"""A model made elsewhere, on the wire."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from engine.specs import MAX_FEATURES, NetworkSpec, Spec, TimePart
from engine.specs.base import Items
from engine.specs.losses import LossField
from engine.specs.preprocessing import MAX_BUCKETS
from service.schemas.common import Name, Text

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]
ColumnText = Annotated[Text, StringConstraints(min_length=1)]
Word = Annotated[Text, StringConstraints(max_length=256)]
# An embedding has a code more for the missing, and one for the rest.
Levels = Annotated[Items[Text], Field(max_length=MAX_FEATURES - 1)]


class InputColumnSpec(Spec):
    """What all columns have."""

    name: ColumnText


class IndicatedSpec(InputColumnSpec):
    """A column that may have a further input."""

    indicator: bool = Field(
        default=False, description="One more input, the last: 1 where the value is missing."
    )


class NumericInput(IndicatedSpec):
    """A number as one input: (t(value) − center) / scale."""

    type: Literal["numeric"] = "numeric"
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(default=0.0, description="Stands in for a missing value.")
    log: bool = Field(default=False, description="t(x) = sign(x)·log(1 + |x|), else t(x) = x.")
    minimum: Finite | None = Field(
        default=None, description="Of the training rows; what is far beyond it is flagged."
    )
    maximum: Finite | None = None


class BooleanInput(IndicatedSpec):
    """A truth value as one input, 0 or 1."""

    type: Literal["boolean"] = "boolean"
    fill: Finite = 0.0


class LevelsInput(IndicatedSpec):
    """A category as one input a level."""

    type: Literal["levels"] = "levels"
    levels: Levels
    rest: bool = Field(default=False, description="One more input for all other categories.")
    fill: Text | None = Field(default=None, description="The level of a missing one.")


class CodesInput(InputColumnSpec):
    """A category as one input for an embedding: 1 + the index of its level, 0 for any other."""

    type: Literal["codes"] = "codes"
    levels: Levels
    rest: bool = Field(default=False, description="A code after the last for all other categories.")
    fill: Text | None = Field(default=None, description="The level of a missing one.")


class OrdinalInput(IndicatedSpec):
    """A category as one input: (the index of its level − center) / scale."""

    type: Literal["ordinal"] = "ordinal"
    levels: Levels
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(default=0.0, description="An index, for a missing or unknown category.")


class TimeInput(IndicatedSpec):
    """A time as its parts: (year − center) / scale, and sine and cosine of the others."""

    type: Literal["time"] = "time"
    parts: Items[TimePart] = Field(min_length=1, max_length=4)
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(default=0.0, description="Seconds since 1970, for a missing time.")
    minimum: Finite | None = None
    maximum: Finite | None = None


class TextInput(IndicatedSpec):
    """Free text as counts of its words, hashed into buckets."""

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


class WordsSpec(Spec):
    """How the rows that it will be sent write things."""

    missing: Items[Word] = Field(
        default=(), max_length=1000, description="Texts that stand for a missing value."
    )
    decimal: Literal[".", ","] = "."
    time_formats: dict[ColumnText, Word] = Field(
        default={},
        max_length=MAX_FEATURES,
        description="Of columns of times: iso, or as strptime takes it.",
    )


class ImportedPreprocessing(Spec):
    """What a row becomes before the network, and its output after it; as a model shows it."""

    columns: Items[InputColumn] = Field(min_length=1, max_length=MAX_FEATURES)
    target: Annotated[ClassesTarget | NumberTarget, Field(discriminator="type")]
    words: WordsSpec = WordsSpec()


class ImportRequest(Spec):
    """A model made elsewhere: its network and what belongs around it."""

    name: Name = ""
    network: NetworkSpec
    preprocessing: ImportedPreprocessing
    loss: LossField | None = Field(
        default=None,
        description="What it was trained by, which tells what its outputs are. Default: the loss "
        "that belongs to the output's activation.",
    )
    dtype: Literal["float32", "float64"] = "float32"
