"""Inference: a request's tensors to the tensors that a model predicts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service.context import Context
from service.http.content_codings import decode_content
from service.http.errors import InvalidInferenceError, InvalidRowsError
from service.inference.datatypes import BYTES
from service.inference.messages import show, show_names, suggest
from service.inference.models import VERSION
from service.inference.outputs import ModelOutput, list_outputs
from service.inference.request import InferenceRequest, read_request
from service.inference.response import InferenceResponse, OutputTensor, write_response
from service.inference.rows import read_rows
from service.predictions.answers import Answers, answer
from service.predictions.find_model import find_model
from service.predictions.json_limits import limit_containers
from service.runtime.model_cache import LOOP_MODEL_BYTES, ServedModel
from service.schemas.predict_options import PredictOptions

# Within these bounds an inference takes about as long as passing it to a thread, or at most a few
# milliseconds. JSON and texts take time per element, numbers of binary tensors hardly any.
JSON_BYTES_IN_PLACE = 32 * 2**10
TEXT_BYTES_IN_PLACE = 32 * 2**10
BODY_BYTES_IN_PLACE = 512 * 2**10
# Rows times the model's bytes, which grow with the time per row.
WORK_IN_PLACE = 16 * LOOP_MODEL_BYTES


# Tensors that are not columns of the model or its dataset, which `extra_columns` can ignore.
MAX_EXTRA_INPUTS = 1_024
# The tensor, its shape, its data and its parameters; those of its rows are counted apart.
CONTAINERS_PER_INPUT = 4
# A response has the number of flagged values, not the values.
COUNTS = PredictOptions(stats=True)


@dataclass(frozen=True)
class Payload:
    """The body of a request with the headers that describe it.

    Attributes:
        body: the body as received.
        content_coding: value of Content-Encoding; empty without one.
        header_length: value of Inference-Header-Content-Length; None without one.
    """

    body: bytes
    content_coding: str
    header_length: str | None


def infer_in_place(context: Context, model_id: str, payload: Payload) -> InferenceResponse | None:
    """Infer in the event loop if that is fast and cannot block; otherwise return None.

    Raises InvalidInferenceError.
    """
    if payload.content_coding or _count_json(payload) > JSON_BYTES_IN_PLACE:
        return None
    model = context.served.find(model_id)
    if model is None:
        return None
    if len(payload.body) > BODY_BYTES_IN_PLACE:
        return None
    request = _read(model, payload.body, payload.header_length)
    return _infer(model, request) if _is_fast(model, request) else None


def _count_json(payload: Payload) -> int:
    """Return the bytes of the JSON in the body; all of them if the length is invalid."""
    length = payload.header_length or ""
    return int(length) if length.isdecimal() and len(length) < 10 else len(payload.body)


def _is_fast(model: ServedModel, request: InferenceRequest) -> bool:
    rows = max(tensor.shape[0] if tensor.shape else 0 for tensor in request.inputs)
    texts = sum(
        len(tensor.content)
        for tensor in request.inputs
        if tensor.datatype == BYTES and tensor.content is not None
    )
    return rows * model.nbytes <= WORK_IN_PLACE and texts <= TEXT_BYTES_IN_PLACE


def infer(context: Context, model_id: str, payload: Payload) -> InferenceResponse:
    """Return the response to an inference request.

    Raises:
        NotFoundError: the model does not exist.
        LaterVersionError: a later version stored the model.
        InvalidInferenceError: the request is malformed, or is not one for this model.
        BodyTooLargeError, InvalidContentError, UnsupportedMediaTypeError: as `decode_content`.
    """
    model = find_model(context, model_id)
    body = decode_content(payload.body, payload.content_coding, context.settings.max_body_bytes)
    request = _read(model, body, payload.header_length)
    return _infer(model, request)


def _read(model: ServedModel, body: bytes, header_length: str | None) -> InferenceRequest:
    inputs = len(model.reader.columns.known) + MAX_EXTRA_INPUTS
    containers = limit_containers(model.reader.shapes) + inputs * CONTAINERS_PER_INPUT
    return read_request(body, header_length, inputs, containers)


def _infer(model: ServedModel, request: InferenceRequest) -> InferenceResponse:
    outputs = _select_outputs(request, list_outputs(model))
    answers = _answer(model, request)
    tensors = [
        OutputTensor(output, output.compute(answers.found), is_binary)
        for output, is_binary in outputs
    ]
    return write_response(_head(model, request, answers), tensors)


def _answer(model: ServedModel, request: InferenceRequest) -> Answers:
    """Return the predictions. Raises InvalidInferenceError."""
    rows = read_rows(model, request)
    try:
        return answer(model, rows, COUNTS)
    except InvalidRowsError as error:
        raise InvalidInferenceError(error.errors[0].detail) from error


def _head(model: ServedModel, request: InferenceRequest, answers: Answers) -> dict[str, Any]:
    """Return the members of a response but for the outputs."""
    head: dict[str, Any] = {"model_name": model.id, "model_version": VERSION}
    if request.id is not None:
        head["id"] = request.id
    if answers.counts is not None and answers.counts.columns:
        counts: Counter[str] = Counter()
        for flags in answers.counts.columns.values():
            counts.update(flags)
        head["parameters"] = dict(counts)
    return head


def _select_outputs(
    request: InferenceRequest, outputs: Sequence[ModelOutput]
) -> list[tuple[ModelOutput, bool]]:
    """Return the outputs to send, in order, and whether each is binary.

    Raises InvalidInferenceError.
    """
    if request.outputs is None:
        return [(output, request.is_binary) for output in outputs]
    by_name = {output.name: output for output in outputs}
    for wanted in request.outputs:
        if wanted.name not in by_name:
            detail = f"output {show(wanted.name)}: the model has only {show_names(by_name)}"
            raise InvalidInferenceError(f"{detail}{suggest(wanted.name, by_name)}")
    return [(by_name[wanted.name], wanted.is_binary) for wanted in request.outputs]
