"""Options of an explanation: layers, units, edges, rows, formulas to show."""

from typing import Annotated, Literal

from pydantic import Field

from engine.specs.base import MAX_EXACT_INTEGER, Items, Spec

# An answer of this many numbers has about 2 MB of JSON.
MAX_NUMBERS = 60_000
MAX_MATRIX = 32_768
DEFAULT_UNITS = 25

Index = Annotated[int, Field(ge=0, le=MAX_EXACT_INTEGER - 1)]
LayerName = Annotated[str, Field(max_length=256)]


class ExplainOptions(Spec):
    """The part of a step that is shown; what is left out is counted."""

    layers: Items[LayerName] | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="Names of the layers to show, such as layers.0 or output. Default: all.",
        examples=[["layers.0", "output"]],
    )
    units: dict[LayerName, Annotated[Items[Index], Field(max_length=1000)]] = Field(
        default={},
        max_length=256,
        description="Units to show per layer, by index; those of an image are counted in "
        "row-major order. Default: the first `max_units` from `first_unit` on.",
        examples=[{"layers.0": [3, 17]}],
    )
    first_unit: Index = Field(default=0, description="First unit that is shown of each layer.")
    max_units: int | None = Field(
        default=None,
        ge=0,
        le=1000,
        description=f"Most units that are shown per layer. Default: {DEFAULT_UNITS}, or as many as "
        "fit into the answer.",
    )
    top: int = Field(
        default=12,
        ge=0,
        le=1000,
        description="Most edges shown per unit, and entries per parameter: those with the largest "
        "absolute contribution to the gradient; before backpropagation, to the unit's value.",
    )
    first_row: Index = Field(
        default=0, description="First row of the batch whose values are shown."
    )
    max_rows: int = Field(
        default=25, ge=0, le=256, description="Most rows whose values are shown per unit."
    )
    matrices: Items[LayerName] = Field(
        default=(),
        max_length=16,
        description="Names of parameters of which every value is shown, such as "
        f"layers.0.weight. Of larger ones, {MAX_MATRIX:,} values from `first_value` on.",
    )
    first_value: Index = Field(
        default=0,
        description="First value that is shown of the parameters in `matrices`, in row-major "
        "order.",
    )
    formulas: Literal["selected", "all", "none"] = Field(
        default="selected",
        description="Units whose formulas are shown: those listed in `units`, all that are shown, "
        "or none.",
    )
