"""/v1/models/{model_id}/predict."""

from typing import Any, cast

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service.context import Context
from service.http.media_types import JSON, require_media_type
from service.http.problems import problems
from service.http.query import list_parameters, parse_query
from service.http.raw_route import RawRoute
from service.predictions.predict import predict, predict_in_place
from service.schemas.predict_options import NO_OPTIONS, PredictOptions
from service.schemas.predictions import PredictView

router = APIRouter(prefix="/v1/models", tags=["models"], route_class=RawRoute)

OPERATION: dict[str, Any] = {
    "parameters": [
        {
            "name": "model_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        },
        *list_parameters(PredictOptions),
    ],
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/PredictRequest"}}},
    },
}


@router.post(
    "/{model_id}/predict",
    response_model=PredictView,
    responses=problems(404, 409, 413, 415, 422, 503),
    openapi_extra=OPERATION,
)
async def predict_rows(request: Request) -> Response:
    """Predict rows given as records, or as arrays in the order of the model's features."""
    require_media_type(request, JSON)
    context = cast("Context", request.app.state.context)
    model_id = request.path_params["model_id"]
    query = request.scope["query_string"]
    options = parse_query(PredictOptions, query) if query else NO_OPTIONS
    body = await request.body()
    text = predict_in_place(context, model_id, body, options)
    if text is None:
        text = await run_in_threadpool(predict, context, model_id, body, options)
    return Response(text, media_type=JSON)
