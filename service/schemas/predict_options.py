"""Query parameters of predictions."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MissingColumns = Literal["impute", "ignore", "error"]
ExtraColumns = Literal["ignore", "error"]


class PredictOptions(BaseModel):
    """How rows are read, and what the answer contains."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    missing_columns: MissingColumns | None = Field(
        default=None,
        description="Features that records leave out. impute: the value is imputed and flagged; "
        "ignore: it is imputed without a flag; error: a record that lacks any feature is an error. "
        "Default: as impute, but a feature that every record lacks is an error, unless it had "
        "missing values in the training rows or that is unknown, as for most imported models. "
        "null is a missing value, not a missing column. Arrays have all columns.",
    )
    extra_columns: ExtraColumns | None = Field(
        default=None,
        description="Columns of records that are not features. ignore: any are ignored; error: "
        "any is an error. Default: columns of the model's dataset are ignored, any other is an "
        "error.",
    )
    layers: Annotated[str, Field(max_length=4096)] | None = Field(
        default=None,
        description="Names of layers as in the weights, such as `layers.0,output`, or `all`: the "
        "answer has the outputs of these layers for every row (`activations`), after their "
        "activation function. The values of all rows are at most 524,288.",
    )
    min_probability: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="The label of a class whose probability is below is null, and the prediction "
        "is marked as `abstained`. Only for models with probabilities.",
    )
    stats: bool = Field(
        default=False,
        description="Return the numbers of flagged values per column and flag (`stats`) in place "
        "of the `flags` of each row.",
    )


NO_OPTIONS = PredictOptions()
