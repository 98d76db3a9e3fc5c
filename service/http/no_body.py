"""Routes without a body: nothing that is sent is ignored in silence."""

import re

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from service.http.bodies import SMALL_BODY_BYTES, limit_body

# Some clients send `{}` with every request.
_NOTHING = re.compile(rb"\s*(?:\{\s*\})?\s*")
_MESSAGE = "this request has no body: send none, or {}"


def takes_body(route: APIRoute) -> bool:
    """Whether a route has a body, which it declares for the OpenAPI document if it reads it."""
    return route.body_field is not None or "requestBody" in (route.openapi_extra or {})


async def require_no_body(request: Request) -> None:
    """Read the body of a request, which is to be empty or `{}`.

    Raises RequestValidationError, BodyTooLargeError, ClientDisconnect.
    """
    if not _states_body(request):
        return
    limited = limit_body(request.scope, request.receive, SMALL_BODY_BYTES, None)
    content = await Request(request.scope, limited).body()
    if _NOTHING.fullmatch(content) is None:
        problem = {"type": "unexpected_body", "loc": ("body",), "msg": _MESSAGE}
        raise RequestValidationError([problem])


def _states_body(request: Request) -> bool:
    # RFC 9112, 6.3: a request without either has no body.
    length = request.headers.get("content-length", "0")
    return length != "0" or "transfer-encoding" in request.headers
