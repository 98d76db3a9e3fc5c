"""Routes that read their request themselves."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send


class RawRoute(APIRoute):
    """A route whose endpoint takes the request and nothing else.

    FastAPI's parsing of parameters and its stacks of dependencies take as long as a small
    prediction. The OpenAPI document has what the route declares as `openapi_extra`. Errors are
    handled by the application, as those of any route.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        super().__init__(path, endpoint, **options)
        respond = cast("Callable[[Request], Awaitable[Response]]", endpoint)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await respond(Request(scope, receive, send))
            await response(scope, receive, send)

        self.app = app


async def read_body(request: Request) -> bytes:
    """Return the whole body, as `request.body()` but without its generator.

    Raises ClientDisconnect.
    """
    message = await request.receive()
    parts = [message.get("body", b"")]
    while message.get("more_body", False):
        message = await request.receive()
        parts.append(message.get("body", b""))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return parts[0] if len(parts) == 1 else b"".join(parts)
