"""/v2: the Open Inference Protocol, version 2, with binary tensors."""

from typing import Annotated, Any, cast

from anyio import to_thread
from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator
from starlette.concurrency import run_in_threadpool

from service.context import Context, ContextDep
from service.http.api_route import ApiRoute
from service.http.bodies import SMALL_BODY_BYTES
from service.http.content_codings import choose_coding, encode_content, encode_pieces
from service.http.json_bodies import read_limited
from service.http.raw_route import RawRoute, read_body
from service.http.renderers import phrase_of
from service.inference.index import index_models, read_index_request
from service.inference.infer import Payload, infer, infer_in_place
from service.inference.models import (
    VERSION,
    check_model,
    describe_model,
    require_ready,
)
from service.inference.request_header import HEADER_LENGTH
from service.inference.response import InferenceResponse
from service.schemas.inference import (
    IndexedModelView,
    InferenceErrorView,
    InferenceView,
    LiveView,
    ModelMetadataView,
    ModelReadyView,
    ReadyView,
    ServerMetadataView,
)
from service.version import VERSION as SERVICE_VERSION
from store.errors import NotFoundError

router = APIRouter(prefix="/v2", tags=["inference"], route_class=ApiRoute)
fast_router = APIRouter(prefix="/v2", tags=["inference"], route_class=RawRoute)

MODEL = "/models/{model_name}"
MODEL_VERSION = f"{MODEL}/versions/{{model_version}}"
EXTENSIONS = ["binary_tensor_data", "model_repository"]
# A smaller response fits into one packet anyway.
MIN_ENCODED_BYTES = 1_024
ENCODED_IN_PLACE_BYTES = 32 * 2**10

_BINARY = {"schema": {"type": "string", "format": "binary"}}
REQUEST = {
    "required": True,
    "description": "JSON, or a JSON header and the bytes of the binary tensors; the content type "
    "is not read.",
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequestView"}},
        "application/octet-stream": _BINARY,
    },
}
INDEX_REQUEST = {
    "required": False,
    "description": "The content type is not read.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "properties": {"ready": {"type": "boolean"}}}
        }
    },
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the error responses of a route, for its `responses`."""
    return {
        status: {"description": phrase_of(status), "model": InferenceErrorView}
        for status in statuses
    }


def _describe_parameters(names: list[str]) -> list[dict[str, Any]]:
    """Return the parameters of an inference for the OpenAPI document."""
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in names
    ]
    length = {
        "name": HEADER_LENGTH,
        "in": "header",
        "description": "Bytes of the JSON before the binary tensors; without it, the body is JSON.",
        "schema": {"type": "string"},
    }
    return [*in_path, length]


def _check_version(version: str) -> str:
    """Return a version that models have. Raises NotFoundError."""
    if version != VERSION:
        hint = f"its only version is {VERSION}"
        raise NotFoundError("version of the model", ascii(version[:80]), hint)
    return version


# An id of a job is explained, so that ids are checked later.
Name = Annotated[str, Path(examples=["mdl_…"])]
Version = Annotated[
    str, Path(alias="model_version", examples=["1"]), AfterValidator(_check_version)
]


@router.get("")
@router.get("/", include_in_schema=False)
async def get_server_metadata() -> ServerMetadataView:
    """Return name, version and extensions of the server."""
    return ServerMetadataView(name="backpropd", version=SERVICE_VERSION, extensions=EXTENSIONS)


@router.get("/health/live")
async def get_live() -> LiveView:
    """Report that the process is alive."""
    return LiveView(live=True)


@router.get("/health/ready", responses=errors(503))
def get_ready(context: ContextDep) -> ReadyView:
    """Check that the database can be read."""
    require_ready(context)
    return ReadyView(ready=True)


async def _read_index_body(request: Request) -> bytes:
    return await read_limited(request)


@router.post(
    "/repository/index",
    responses=errors(400, 413, 503),
    openapi_extra={"requestBody": INDEX_REQUEST},
)
def index_repository(
    context: ContextDep, body: Annotated[bytes, Depends(_read_index_body)]
) -> list[IndexedModelView]:
    """List the newest 10,000 models; with `"ready": true`, those of them that can be loaded."""
    return index_models(context, is_ready=read_index_request(body))


@router.get(MODEL, response_model_exclude_none=True, responses=errors(404, 409, 503))
def get_model_metadata(context: ContextDep, model_name: Name) -> ModelMetadataView:
    """Return the tensors that a model takes and returns."""
    return describe_model(context, model_name)


@router.get(MODEL_VERSION, response_model_exclude_none=True, responses=errors(404, 409, 503))
def get_model_version_metadata(
    context: ContextDep, model_name: Name, _: Version
) -> ModelMetadataView:
    """Return the tensors that a version of a model takes and returns."""
    return describe_model(context, model_name)


@router.get(f"{MODEL}/ready", responses=errors(404, 409, 503))
def get_model_ready(context: ContextDep, model_name: Name) -> ModelReadyView:
    """Load a model, so that its first inference is fast."""
    return check_model(context, model_name)


@router.get(f"{MODEL_VERSION}/ready", responses=errors(404, 409, 503))
def get_model_version_ready(context: ContextDep, model_name: Name, _: Version) -> ModelReadyView:
    """Load a version of a model, so that its first inference is fast."""
    return check_model(context, model_name)


async def infer_tensors(request: Request) -> Response:
    """Predict the rows of the input tensors."""
    context = cast("Context", request.app.state.context)
    model_name = request.path_params["model_name"]
    _check_version(request.path_params.get("model_version", VERSION))
    coding = _find_header(request, "content-encoding") or ""
    length = _find_header(request, HEADER_LENGTH)
    payload = Payload(await read_body(request), coding, length)
    found = infer_in_place(context, model_name, payload)
    if found is None:
        is_small = not coding and len(payload.body) <= SMALL_BODY_BYTES
        limiter = None if is_small else context.row_readers
        found = await to_thread.run_sync(infer, context, model_name, payload, limiter=limiter)
    return await _respond(found, choose_coding(_find_header(request, "accept-encoding") or ""))


for path, names in ((MODEL, ["model_name"]), (MODEL_VERSION, ["model_name", "model_version"])):
    fast_router.add_api_route(
        f"{path}/infer",
        infer_tensors,
        methods=["POST"],
        responses={
            200: {"model": InferenceView, "content": {"application/octet-stream": _BINARY}},
            **errors(400, 404, 409, 413, 415, 503),
        },
        openapi_extra={"parameters": _describe_parameters(names), "requestBody": REQUEST},
    )


def _find_header(request: Request, name: str) -> str | None:
    """Return all values of a header as one (RFC 9110, 5.3); None without any."""
    values = request.headers.getlist(name)
    return ", ".join(values) if values else None


async def _respond(found: InferenceResponse, coding: str | None) -> Response:
    """Return the response, compressed if the client accepts that and it is worth it."""
    headers = {"Vary": "Accept-Encoding"}
    if found.header_length is not None:
        headers[HEADER_LENGTH] = str(found.header_length)
    is_json = found.header_length is None
    media_type = "application/json" if is_json else "application/octet-stream"
    body = found.body
    if not isinstance(body, bytes):
        if coding is not None:
            headers["Content-Encoding"] = coding
            body = encode_pieces(body, coding)
        return StreamingResponse(body, media_type=media_type, headers=headers)
    if coding is not None and len(body) >= MIN_ENCODED_BYTES:
        headers["Content-Encoding"] = coding
        if len(body) <= ENCODED_IN_PLACE_BYTES:
            body = encode_content(body, coding)
        else:
            body = await run_in_threadpool(encode_content, body, coding)
    return Response(body, media_type=media_type, headers=headers)
