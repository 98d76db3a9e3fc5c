"""The page: `/` and the files that it loads."""

from fastapi import APIRouter, BackgroundTasks, Request, Response
from starlette.exceptions import HTTPException

from service.context import ContextDep
from service.http.content_codings import choose_coding
from service.http.errors import PageChangedError
from service.http.etags import names_tag
from service.page.files import File
from service.page.page import load_page

router = APIRouter(include_in_schema=False)
METHODS = ["GET", "HEAD"]


@router.api_route("/", methods=METHODS)
async def get_index(request: Request, context: ContextDep, background: BackgroundTasks) -> Response:
    """Return index.html, or 304 if the client has it."""
    page = load_page()
    # A browser opens the page, and will ask for explanations. Health checks do not.
    if request.headers.get("sec-fetch-dest") == "document":
        background.add_task(context.compute.warm_up)
    headers = {"Cache-Control": "no-cache", "ETag": page.etag}
    if names_tag(request.headers.get("if-none-match"), page.etag):
        return Response(status_code=304, headers={**headers, "Vary": "Accept-Encoding"})
    return _respond(request, page.index, headers)


@router.api_route("/static/{version}/{path:path}", methods=METHODS)
async def get_file(request: Request, version: str, path: str) -> Response:
    """Return a file of the page. Its address changes with its content, so it never expires.

    A file of another version is not found: a redirect to this version would give a page whose
    modules are of two versions, which do not fit together.
    """
    page = load_page()
    if version != page.version:
        raise PageChangedError
    if path not in page.files:
        raise HTTPException(404)
    return _respond(
        request, page.files[path], {"Cache-Control": "public, max-age=31536000, immutable"}
    )


def _respond(request: Request, file: File, headers: dict[str, str]) -> Response:
    content = file.content
    if file.compressed is not None:
        headers["Vary"] = "Accept-Encoding"
        if choose_coding(request.headers.get("accept-encoding", "")) == "gzip":
            headers["Content-Encoding"] = "gzip"
            content = file.compressed
    return Response(content, media_type=file.media_type, headers=headers)
