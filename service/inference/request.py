"""The body of an inference request: a JSON header, then the bytes of the binary tensors."""

from dataclasses import dataclass
from typing import Any

from service.http.errors import InvalidInferenceError
from service.http.json_scan import count_containers
from service.inference.messages import show, tensor_error
from service.inference.request_header import (
    HEADER_LENGTH,
    RequestedOutput,
    StatedInput,
    is_side,
    read_header,
)
from service.predictions.json_limits import describe_limit
from service.serializers.model_columns import ColumnRules


@dataclass(frozen=True)
class InputTensor:
    """An input tensor as stated, with its values not yet read.

    Attributes:
        name: name of a column, or `features`.
        datatype: one of `DTYPES`.
        shape: dimensions of at least 0; their product is not limited.
        data: JSON value with the elements, unless they are binary.
        content: bytes of a binary tensor, else None.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Any
    content: memoryview | None


@dataclass(frozen=True)
class InferenceRequest:
    """An inference request.

    Attributes:
        id: identifier to return with the response; None without one.
        inputs: the input tensors, whose names differ.
        outputs: the outputs to return, in this order; None for all of them.
        is_binary: whether outputs are binary if `outputs` is None.
        rules: rules for columns without a tensor, and tensors that are not features.
    """

    id: str | None
    inputs: tuple[InputTensor, ...]
    outputs: tuple[RequestedOutput, ...] | None
    is_binary: bool
    rules: ColumnRules


def read_request(
    body: bytes, header_length: str | None, max_inputs: int, max_containers: int
) -> InferenceRequest:
    """Read a request.

    Args:
        body: the body, without content coding.
        header_length: value of `Inference-Header-Content-Length`: bytes of the JSON header; None
            if the body is JSON as a whole.
        max_inputs: number of tensors that the model knows.
        max_containers: arrays and objects in the JSON at most, checked before it is parsed.

    Raises:
        InvalidInferenceError: the body is malformed.
    """
    length = len(body) if header_length is None else _read_length(header_length, len(body))
    text = body[:length]
    if count_containers(text, max_containers) > max_containers:
        raise InvalidInferenceError(describe_limit(max_containers))
    header = read_header(text, max_inputs, is_whole=header_length is None)
    return InferenceRequest(
        id=header.id,
        inputs=_take_contents(header.inputs, memoryview(body)[length:]),
        outputs=header.outputs,
        is_binary=header.is_binary,
        rules=header.rules,
    )


def _read_length(text: str, limit: int) -> int:
    """Return the length of the JSON header. Raises InvalidInferenceError."""
    is_number = text.isascii() and text.isdigit() and len(text) <= 20
    if not is_number or not 0 < int(text) <= limit:
        detail = f"{HEADER_LENGTH} must be from 1 to the {limit} bytes of the body"
        raise InvalidInferenceError(f"{detail}, not {show(text)}")
    return int(text)


def _take_contents(inputs: tuple[StatedInput, ...], content: memoryview) -> tuple[InputTensor, ...]:
    """Return the inputs with their parts of the binary content."""
    tensors: list[InputTensor] = []
    offset = 0
    for stated in inputs:
        part = None if stated.size is None else _take_content(stated, content[offset:])
        tensors.append(InputTensor(stated.name, stated.datatype, stated.shape, stated.data, part))
        offset += 0 if part is None else len(part)
    if offset != len(content):
        detail = (
            f"{len(content)} bytes follow the JSON header, but the binary_data_size of the inputs "
            f"add up to {offset}"
        )
        raise InvalidInferenceError(detail)
    return tuple(tensors)


def _take_content(stated: StatedInput, content: memoryview) -> memoryview:
    """Return the bytes of a binary tensor, with which the content begins."""
    if not is_side(stated.size) or stated.size > len(content):
        detail = f"binary_data_size must be from 0 to the {len(content)} bytes that are left"
        raise tensor_error(stated.name, f"{detail}, not {show(stated.size)}")
    return content[: stated.size]
