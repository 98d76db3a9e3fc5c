"""The response to an inference request: JSON, or a JSON header and binary tensors."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from service.inference.binary_values import write_texts
from service.inference.outputs import ModelOutput, Texts, Values
from service.predictions.pieces import PIECE_VALUES


@dataclass(frozen=True)
class InferenceResponse:
    """The body of a response, a large one in pieces.

    `header_length` is None if it is JSON as a whole.
    """

    body: bytes | Iterator[bytes]
    header_length: int | None


@dataclass(frozen=True)
class OutputTensor:
    """An output to write, as JSON or binary."""

    output: ModelOutput
    values: Values
    is_binary: bool


def write_response(head: Mapping[str, Any], outputs: list[OutputTensor]) -> InferenceResponse:
    """Return the response.

    Args:
        head: its members but for `outputs`.
        outputs: the tensors, in order.
    """
    if is_large(outputs):
        return InferenceResponse(_iterate_json(head, outputs), None)
    contents: list[bytes] = []
    written: list[dict[str, Any]] = []
    for tensor in outputs:
        fields = _describe(tensor)
        if tensor.is_binary:
            content = _to_bytes(tensor.values)
            contents.append(content)
            fields["parameters"] = {"binary_data_size": len(content)}
        else:
            fields["data"] = _to_json(tensor.values, slice(None))
        written.append(fields)
    document = {**head, "outputs": written}
    text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not contents:
        return InferenceResponse(text, None)
    return InferenceResponse(b"".join((text, *contents)), len(text))


def is_large(outputs: Sequence[OutputTensor]) -> bool:
    """Whether a response without binary tensors has more elements than a piece."""
    if any(tensor.is_binary for tensor in outputs):
        return False
    return sum(map(_count, outputs)) > PIECE_VALUES


def _iterate_json(head: Mapping[str, Any], outputs: Sequence[OutputTensor]) -> Iterator[bytes]:
    """Yield the pieces of a response without binary tensors."""
    opening = orjson.dumps({**head, "outputs": []}).removesuffix(b"]}")
    for tensor in outputs:
        yield opening + orjson.dumps({**_describe(tensor), "data": []}).removesuffix(b"]}")
        separator = b""
        for start in range(0, _count(tensor), PIECE_VALUES):
            part = _to_json(tensor.values, slice(start, start + PIECE_VALUES))
            yield separator + orjson.dumps(part, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
            separator = b","
        yield b"]}"
        opening = b","
    yield b"]}"


def _describe(tensor: OutputTensor) -> dict[str, Any]:
    return {
        "name": tensor.output.name,
        "datatype": tensor.output.datatype,
        "shape": _shape(tensor.values),
    }


def _count(tensor: OutputTensor) -> int:
    return math.prod(_shape(tensor.values))


def _shape(values: Values) -> list[int]:
    return list((values.indices if isinstance(values, Texts) else values).shape)


def _to_bytes(values: Values) -> bytes:
    """Return the little-endian, row-major bytes of a binary tensor."""
    if isinstance(values, Texts):
        elements = write_texts(values.distinct)
        return b"".join([elements[index] for index in values.indices.ravel().tolist()])
    return values.astype("<f8", copy=False).tobytes()


def _to_json(values: Values, part: slice) -> Any:  # noqa: ANN401 - orjson writes arrays as lists
    """Return a part of the elements in row-major order; NaN is written as null."""
    if isinstance(values, Texts):
        return [values.distinct[index] for index in values.indices.ravel()[part].tolist()]
    return values.ravel()[part]
