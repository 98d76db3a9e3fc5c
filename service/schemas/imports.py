"""A model made elsewhere, on the wire."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from engine.specs import MAX_FEATURES, NetworkSpec, Spec
from engine.specs.base import Items
from engine.specs.losses import LossField
from service.schemas.common import Name, Text

Finite = Annotated[float, Field(ge=-1e300, le=1e300)]
Scale = Annotated[float, Field(gt=0, le=1e300)]
ColumnText = Annotated[Text, StringConstraints(min_length=1)]


class NumericInput(Spec):
    """A number as one input: (value − center) / scale."""

    type: Literal["numeric"] = "numeric"
    name: ColumnText
    center: Finite = 0.0
    scale: Scale = 1.0
    fill: Finite = Field(default=0.0, description="Stands in for a missing value.")


class BooleanInput(Spec):
    """A truth value as one input, 0 or 1."""

    type: Literal["boolean"] = "boolean"
    name: ColumnText
    fill: Finite = 0.0


class LevelsInput(Spec):
    """A category as one input a level."""

    type: Literal["levels"] = "levels"
    name: ColumnText
    levels: Items[Text] = Field(max_length=MAX_FEATURES)


class CodesInput(Spec):
    """A category as one input for an embedding: 1 + the index of its level, 0 for any other."""

    type: Literal["codes"] = "codes"
    name: ColumnText
    levels: Items[Text] = Field(max_length=MAX_FEATURES)


InputColumn = Annotated[
    NumericInput | BooleanInput | LevelsInput | CodesInput, Field(discriminator="type")
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


class ImportedPreprocessing(Spec):
    """What a row becomes before the network, and its output after it; as a model shows it."""

    columns: Items[InputColumn] = Field(min_length=1, max_length=MAX_FEATURES)
    target: Annotated[ClassesTarget | NumberTarget, Field(discriminator="type")]


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
