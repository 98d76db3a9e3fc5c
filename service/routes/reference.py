"""/docs: the API reference."""

from fastapi import APIRouter, Response

from service.page.reference import REFERENCE

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def get_reference() -> Response:
    """Return the API reference."""
    return Response(REFERENCE, media_type="text/html; charset=utf-8")
