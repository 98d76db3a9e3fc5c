"""/v1/models: list, import, get, weights."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from service.context import ContextDep
from service.http.json_bodies import JsonRoute
from service.http.media_types import choose
from service.http.problems import problems
from service.idempotency import IdempotentRequest, respond
from service.models import imports, models
from service.models.import_body import receive_import
from service.models.models import MEDIA_TYPES, WeightFormat, Weights
from service.schemas.common import After, Limit, ModelId, Name, Order, PageView
from service.schemas.models import ListedModelView, ModelView, WeightView
from store.db.pagination import PageRequest

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=JsonRoute)

_BINARY = {"schema": {"type": "string", "format": "binary"}}
IMPORT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["model", "weights"],
                    "properties": {
                        "model": {"$ref": "#/components/schemas/ImportRequest"},
                        "weights": _BINARY["schema"],
                    },
                },
                "encoding": {"model": {"contentType": "application/json"}},
            }
        },
    }
}
WEIGHTS_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {
        "model": dict[str, WeightView],
        "description": "Arrays by name, such as `layers.0.weight` of shape (in_features, units).",
        "content": {
            MEDIA_TYPES["safetensors"]: _BINARY,
            MEDIA_TYPES["npz"]: _BINARY,
        },
    }
}


FORMATS = {media_type: name for name, media_type in MEDIA_TYPES.items()}


async def _wanted_format(
    format: Annotated[WeightFormat | None, Query()] = None,  # noqa: A002 - the parameter's name
    accept: Annotated[str, Header()] = "*/*",
) -> WeightFormat:
    """Return the format from `?format=`, else from Accept, else safetensors."""
    if format is not None:
        return format
    chosen = choose(accept, list(MEDIA_TYPES.values()))
    return FORMATS.get(chosen or "", "safetensors")


Format = Annotated[WeightFormat, Depends(_wanted_format)]


def weights_response(weights: Weights) -> Response:
    """Return weights as a download, with their sha256 as the ETag."""
    headers = {
        "Content-Disposition": f'attachment; filename="{weights.file_name}"',
        "ETag": f'"{weights.sha256}"',
    }
    if isinstance(weights.data, bytes):
        return Response(weights.data, media_type=weights.media_type, headers=headers)
    return StreamingResponse(weights.data, media_type=weights.media_type, headers=headers)


@router.get("", responses=problems(422, 503))
def list_models(
    context: ContextDep,
    limit: Limit = 50,
    after: After = None,
    order: Order = "desc",
    job_id: Annotated[Name | None, Query()] = None,
) -> PageView[ListedModelView]:
    """List models, newest first by default."""
    page = models.page(context, PageRequest(limit, after, order), job_id)
    return PageView.of(page.map(models.listed_view))


@router.post(
    "",
    status_code=201,
    response_model=ModelView,
    responses=problems(400, 409, 413, 415, 422, 429, 503),
    openapi_extra=IMPORT,
)
async def import_model(context: ContextDep, request: Request, keyed: IdempotentRequest) -> Response:
    """Import a model: its network as JSON, its weights as safetensors."""
    description, weights = await receive_import(request, context.settings.max_body_bytes)
    return respond(
        await run_in_threadpool(imports.create_model, context, description, weights, keyed)
    )


@router.get("/{model_id}", responses=problems(404, 422, 503))
def get_model(context: ContextDep, model_id: ModelId) -> ModelView:
    """Return a model: spec, preprocessing, metrics and lineage."""
    return models.view(models.get(context, model_id))


@router.get(
    "/{model_id}/weights",
    response_class=Response,
    responses={**problems(404, 422, 503), **WEIGHTS_RESPONSE},
)
def get_weights(context: ContextDep, model_id: ModelId, wanted: Format) -> Response:
    """Download the weights, as safetensors, npz or JSON."""
    return weights_response(models.weights(context, model_id, wanted))
