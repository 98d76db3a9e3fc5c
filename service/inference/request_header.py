"""The JSON header of an inference request."""

import re
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from engine.json_pointer import json_pointer
from service.http.errors import InvalidInferenceError
from service.http.json_reader import JsonLimits, Path, TooManyChildrenError
from service.http.strict_json import InvalidJsonError, parse_json
from service.inference.datatypes import DTYPES
from service.inference.json_members import (
    JsonObject,
    name_kind,
    read_choice,
    read_flag,
    read_list,
    read_named,
    read_parameters,
    refuse_parameters,
)
from service.inference.messages import show, tensor_error
from service.schemas.predict_options import ExtraColumns, MissingColumns
from service.serializers.model_columns import ColumnRules

HEADER_LENGTH = "Inference-Header-Content-Length"
# Clients repeat the header of binary tensors. Those kept take a few megabytes at most.
CACHED_HEADERS = 128
CACHED_HEADER_BYTES = 1_024
_SURROGATES = re.compile("[\ud800-\udfff]")
_MAX_RANK = 32
_MAX_SIDE = 2**64 - 1
_MAX_OUTPUTS = 64
# Members of an object that is larger than the parser reads at once.
_MAX_MEMBERS = 1_024
_MAX_POINTER = 300
# Parameters of extensions that are not supported: to ignore them would change the meaning.
_UNSUPPORTED_INPUT = ("shared_memory_region", "shared_memory_byte_size", "shared_memory_offset")
_UNSUPPORTED_OUTPUT = (*_UNSUPPORTED_INPUT, "classification")


@dataclass(frozen=True)
class StatedInput:
    """An input tensor as the header states it.

    Attributes:
        name: name of a column, or `features`.
        datatype: one of `DTYPES`.
        shape: dimensions of at least 0; their product is not limited.
        data: JSON value with the elements, unless they are binary.
        size: JSON value of `binary_data_size`, unchecked; None if the elements are not binary.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Any
    size: Any


@dataclass(frozen=True)
class RequestedOutput:
    """An output that the client asks for, as JSON or binary."""

    name: str
    is_binary: bool


@dataclass(frozen=True)
class RequestHeader:
    """The header of an inference request, which may be shared: its JSON values are not changed.

    Attributes:
        id: identifier to return with the response; None without one.
        inputs: the input tensors, at least one, whose names differ.
        outputs: the outputs to return, in this order; None for all of them.
        is_binary: whether outputs are binary if `outputs` is None.
        rules: rules for columns without a tensor, and tensors that are not features.
    """

    id: str | None
    inputs: tuple[StatedInput, ...]
    outputs: tuple[RequestedOutput, ...] | None
    is_binary: bool
    rules: ColumnRules


def read_header(text: bytes, max_inputs: int, *, is_whole: bool) -> RequestHeader:
    """Read a header.

    Args:
        text: JSON.
        max_inputs: number of tensors that the model knows.
        is_whole: whether the header is the whole body, so that no tensor is binary.

    Raises:
        InvalidInferenceError: it is malformed.
    """
    if is_whole or len(text) > CACHED_HEADER_BYTES:
        return _read_header(text, max_inputs, is_whole=is_whole)
    return _read_repeated_header(text, max_inputs)


@lru_cache(CACHED_HEADERS)
def _read_repeated_header(text: bytes, max_inputs: int) -> RequestHeader:
    return _read_header(text, max_inputs, is_whole=False)


def _read_header(text: bytes, max_inputs: int, *, is_whole: bool) -> RequestHeader:
    header = _parse_header(text, max_inputs, is_whole=is_whole)
    identifier = header.get("id")
    if identifier is not None and not _is_text(identifier):
        raise InvalidInferenceError(f"id must be a string, not {show(identifier)}")
    parameters = read_parameters(header, "the request")
    is_binary = read_flag(parameters, "binary_data_output", "the request", default=False)
    return RequestHeader(
        id=identifier,
        inputs=_read_inputs(header, max_inputs),
        outputs=_read_outputs(header, is_binary=is_binary),
        is_binary=is_binary,
        rules=ColumnRules(
            read_choice(parameters, "missing_columns", MissingColumns),
            read_choice(parameters, "extra_columns", ExtraColumns),
        ),
    )


def _parse_header(text: bytes, max_inputs: int, *, is_whole: bool) -> JsonObject:
    """Return the JSON header, an object. Raises InvalidInferenceError."""
    try:
        header = parse_json(text, JsonLimits(partial(_find_limit, max_inputs)))
    except TooManyChildrenError as error:
        place = json_pointer(*error.path)[1:_MAX_POINTER] or "the request"
        what = "tensors" if len(error.path) == 1 else "values"
        raise InvalidInferenceError(f"{place} has more than {error.limit} {what}") from error
    except InvalidJsonError as error:
        advice = f"; binary tensors need the header {HEADER_LENGTH}" if is_whole else ""
        what = "the body" if is_whole else f"the first {len(text)} bytes of the body"
        raise InvalidInferenceError(f"{what}: not valid JSON: {error}{advice}") from error
    if not isinstance(header, dict):
        raise InvalidInferenceError(f"the request must be a JSON object, not {name_kind(header)}")
    return header


def _find_limit(max_inputs: int, path: Path) -> int | None:
    """Return the most children of an array or object; None for the elements of a tensor."""
    return None if path[2:3] == ["data"] else max(max_inputs, _MAX_MEMBERS)


def _read_inputs(header: JsonObject, max_inputs: int) -> tuple[StatedInput, ...]:
    inputs: dict[str, StatedInput] = {}
    for position, item in enumerate(read_list(header, "inputs", max_inputs)):
        tensor = _read_input(item, f"inputs[{position}]")
        if tensor.name in inputs:
            raise tensor_error(tensor.name, "the name occurs twice in inputs")
        inputs[tensor.name] = tensor
    if not inputs:
        raise InvalidInferenceError("inputs is missing or empty: at least one tensor is expected")
    return tuple(inputs.values())


def _read_input(item: object, place: str) -> StatedInput:
    name, fields = read_named(item, place)
    parameters = read_parameters(fields, f"tensor {show(name)}")
    refuse_parameters(name, parameters, _UNSUPPORTED_INPUT)
    datatype = fields.get("datatype")
    if not isinstance(datatype, str) or datatype not in DTYPES:
        detail = f"datatype must be one of {', '.join(DTYPES)}, not {show(datatype)}"
        raise tensor_error(name, detail)
    size = parameters.get("binary_data_size")
    shape = _read_shape(name, fields.get("shape"))
    if size is None and "data" not in fields:
        raise tensor_error(name, "it has neither data nor the parameter binary_data_size")
    if size is not None and "data" in fields:
        raise tensor_error(name, "it has data as well as the parameter binary_data_size")
    return StatedInput(name, datatype, shape, fields.get("data"), size)


def _read_shape(name: str, shape: object) -> tuple[int, ...]:
    if not isinstance(shape, list) or not all(map(is_side, shape)):
        detail = f"shape must be an array of integers from 0 to 2**64 - 1, not {show(shape)}"
        raise tensor_error(name, detail)
    if len(shape) > _MAX_RANK:
        raise tensor_error(name, f"shape has {len(shape)} dimensions, more than {_MAX_RANK}")
    return tuple(shape)


def _read_outputs(header: JsonObject, *, is_binary: bool) -> tuple[RequestedOutput, ...] | None:
    """Return the requested outputs; None if the request names none."""
    outputs: dict[str, RequestedOutput] = {}
    for position, item in enumerate(read_list(header, "outputs", _MAX_OUTPUTS)):
        name, fields = read_named(item, f"outputs[{position}]")
        parameters = read_parameters(fields, f"output {show(name)}")
        refuse_parameters(name, parameters, _UNSUPPORTED_OUTPUT)
        if name in outputs:
            raise tensor_error(name, "the name occurs twice in outputs")
        flag = read_flag(parameters, "binary_data", f"output {show(name)}", default=is_binary)
        outputs[name] = RequestedOutput(name, flag)
    return tuple(outputs.values()) or None


def _is_text(value: object) -> bool:
    """Return whether a value is a string that UTF-8 can encode, without lone surrogates."""
    return isinstance(value, str) and _SURROGATES.search(value) is None


def is_side(value: object) -> bool:
    """Return whether a JSON value is an integer that the protocol allows as a dimension."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_SIDE
