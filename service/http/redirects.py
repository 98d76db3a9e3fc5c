"""Redirects from a path with a final slash. The framework's contain the Host of the request."""

from fastapi import FastAPI, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from service.http.methods import find_methods


def use_relative_redirects(app: FastAPI) -> None:
    """Redirect `/v1/jobs/` to `../jobs`, which is `/v1/jobs` also below the prefix of a proxy."""
    not_found: ASGIApp = app.router.default

    async def redirect_or_not_found(scope: Scope, receive: Receive, send: Send) -> None:
        path, raw = scope["path"], scope["raw_path"]
        is_known = raw.endswith(b"/") and find_methods(app, path.removesuffix("/"))
        answer = _redirect(scope) if is_known else not_found
        await answer(scope, receive, send)

    app.router.redirect_slashes = False
    app.router.default = redirect_or_not_found


def _redirect(scope: Scope) -> Response:
    segment = scope["raw_path"].split(b"/")[-2]
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    location = (b"../" + segment + query).decode("latin-1")
    return Response(status_code=307, headers={"Location": location})
