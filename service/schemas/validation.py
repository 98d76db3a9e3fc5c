"""Schema of the validation of a job request."""

from typing import Annotated

from pydantic import Field

from engine.health_checks.run_checks import HealthCheck
from service.schemas.common import View
from service.schemas.jobs import FindingView, SpecView
from service.schemas.part_rows import PartRowsView


class LayerSizeView(View):
    """Shapes and parameters of a layer of the resolved network."""

    name: str = Field(
        description="Name of the layer, such as layers.0, layers.1.layers.0 in a residual block, "
        "or output. It counts the layers of `spec.network`: with an `input_shape`, the first is a "
        "reshape layer."
    )
    type: str = Field(description="Type of the layer; dense for the output.")
    in_shape: list[int] = Field(description="Shape of one row of its input.")
    out_shape: list[int] = Field(description="Shape of one row of its output.")
    parameter_count: int = Field(
        description="Weights, biases and running statistics; of a residual block, those of its "
        "layers, which are listed after it."
    )


class ValidationView(View):
    """Result of validating a job request; nothing was stored."""

    valid: bool = Field(
        description="Whether the request can be posted; if not, `POST /v1/jobs` is 422 with the "
        "findings of level `error` as its `errors`."
    )
    spec: SpecView | None
    in_features: int | None
    out_features: int | None
    parameter_count: int | None
    layers: list[LayerSizeView] | None = Field(
        description="Shapes and parameters of each layer, first to last, then of the output; null "
        "if the request is not valid."
    )
    memory_bytes: int | None
    steps: int | None = Field(
        description="Training steps of all epochs; with folds, of the final network. Null if the "
        "request is not valid, and where only the rows show the number of training rows."
    )
    rows: PartRowsView | None = Field(description="Null if the request is not valid.")
    findings: list[FindingView] = Field(
        description="If the request is valid, what its job would begin with; otherwise the errors "
        "alone."
    )
    checks: list[Annotated[HealthCheck, Field(discriminator="name")]] | None = Field(
        default=None,
        description="With `checks=true`, of a valid request: the initial loss against its "
        "expectation, learning one batch by heart, the learning-rate range test. Null otherwise.",
    )
