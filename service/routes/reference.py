"""/docs and /openapi.json: the API reference, and the document that it shows."""

from typing import cast

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service.api_document import ApiDocument
from service.http.encoded_json import respond_json
from service.page.reference import REFERENCE

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_reference() -> Response:
    """Return the API reference."""
    return Response(REFERENCE, media_type="text/html; charset=utf-8")


@router.api_route("/openapi.json", methods=["GET", "HEAD"])
async def get_document(request: Request) -> Response:
    """Return the OpenAPI document."""
    document = cast("ApiDocument", request.app.state.document)
    if document.is_made:
        content = document.to_json()
    else:
        content = await run_in_threadpool(document.to_json)
    return await respond_json(request, content)
