"""Schemas of the Open Inference Protocol, version 2."""

from typing import Any, Literal

from pydantic import Field

from service.schemas.common import View

_DATATYPE = Field(
    description="BOOL, UINT8 to UINT64, INT8 to INT64, FP16, FP32, FP64 or BYTES (texts)."
)
_SHAPE = Field(description="Sizes of the dimensions; −1 is a size that the request decides.")


class InferenceErrorView(View):
    """A failed request."""

    error: str


class ServerMetadataView(View):
    """The server and the extensions of the protocol that it supports."""

    name: str
    version: str
    extensions: list[str]


class LiveView(View):
    """Whether the server is running."""

    live: bool


class ReadyView(View):
    """Whether the server can load models."""

    ready: bool


class ModelReadyView(View):
    """Whether a model is loaded."""

    name: str
    ready: bool


class TensorMetadataView(View):
    """An input or output tensor of a model."""

    name: str
    datatype: str = _DATATYPE
    shape: list[int] = _SHAPE
    parameters: dict[str, Any] | None = Field(
        default=None,
        description="The order of `classes`, `targets` or `columns` along the last dimension; of "
        "the input `features`, what it replaces.",
    )


class ModelMetadataView(View):
    """The tensors that a model takes and returns."""

    name: str = Field(description="The model's id.")
    versions: list[str]
    platform: str
    inputs: list[TensorMetadataView] = Field(
        description="One tensor per column, of shape [−1]; [−1, 1] is accepted too. A model of "
        "numbers only also takes a single tensor `features` in place of all of them."
    )
    outputs: list[TensorMetadataView]


class IndexedModelView(View):
    """A model in the index of the repository."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str


class TensorView(View):
    """A tensor of a request or response."""

    name: str
    datatype: str = _DATATYPE
    shape: list[int] = _SHAPE
    parameters: dict[str, Any] | None = Field(
        default=None, description="`binary_data_size`: bytes of a tensor after the JSON."
    )
    data: list[Any] | None = Field(
        default=None,
        description="The elements in row-major order, flat or nested; absent in a binary tensor.",
    )


class RequestedOutputView(View):
    """An output that the client asks for."""

    name: str
    parameters: dict[str, Any] | None = Field(
        default=None, description="`binary_data`: whether the tensor is to be binary."
    )


class InferenceRequestView(View):
    """Tensors to infer from: one per column, or `features`."""

    id: str | None = Field(default=None, description="Returned with the response.")
    parameters: dict[str, Any] | None = Field(
        default=None, description="`binary_data_output`: whether outputs are binary by default."
    )
    inputs: list[TensorView]
    outputs: list[RequestedOutputView] | None = Field(
        default=None, description="The outputs to return, in this order; all of them if absent."
    )


class InferenceView(View):
    """The predicted tensors."""

    model_name: str
    model_version: str
    id: str | None = None
    parameters: dict[str, Any] | None = Field(
        default=None,
        description="How many values of the inputs were `imputed`, `not_understood`, of an "
        "`unknown_category`, `out_of_range` or `untrained`; none of those that are 0.",
    )
    outputs: list[TensorView]
