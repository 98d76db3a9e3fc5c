"""The response to an inference request: JSON, or a JSON header and binary tensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from service.inference.binary_values import write_texts
from service.inference.outputs import ModelOutput, Texts, Values


@dataclass(frozen=True)
class InferenceResponse:
    """The body of a response; `header_length` is None if it is JSON as a whole."""

    body: bytes
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
    contents: list[bytes] = []
    written: list[dict[str, Any]] = []
    for tensor in outputs:
        shape = _shape(tensor.values)
        fields: dict[str, Any] = {
            "name": tensor.output.name,
            "datatype": tensor.output.datatype,
            "shape": shape,
        }
        if tensor.is_binary:
            content = _to_bytes(tensor.values)
            contents.append(content)
            fields["parameters"] = {"binary_data_size": len(content)}
        else:
            fields["data"] = _to_json(tensor.values)
        written.append(fields)
    document = {**head, "outputs": written}
    text = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if not contents:
        return InferenceResponse(text, None)
    return InferenceResponse(b"".join((text, *contents)), len(text))


def _shape(values: Values) -> list[int]:
    return list((values.indices if isinstance(values, Texts) else values).shape)


def _to_bytes(values: Values) -> bytes:
    """Return the little-endian, row-major bytes of a binary tensor."""
    if isinstance(values, Texts):
        elements = write_texts(values.distinct)
        return b"".join([elements[index] for index in values.indices.ravel().tolist()])
    return values.astype("<f8", copy=False).tobytes()


def _to_json(values: Values) -> Any:  # noqa: ANN401 - for orjson, which writes arrays as lists
    """Return the elements in row-major order; NaN is written as null."""
    if isinstance(values, Texts):
        return [values.distinct[index] for index in values.indices.ravel().tolist()]
    return values.ravel()
