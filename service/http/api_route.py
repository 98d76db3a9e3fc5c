"""The route class of the service: large answers are written outside of the event loop."""

import functools
import threading
from collections.abc import Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import ResponseValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from service.http.media_types import JSON
from service.http.no_body import require_no_body, takes_body

# Pydantic keeps the interpreter lock while it writes: of several large answers that are written at
# once, the event loop would have to wait for more than one.
_WRITING = threading.Lock()

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def _without_body(handler: Handler) -> Handler:
    async def handle(request: Request) -> Response:
        await require_no_body(request)
        return await handler(request)

    return handle


class ApiRoute(APIRoute):
    """A route whose endpoint also writes its answer, in its thread or that of a coroutine's answer.

    FastAPI writes the JSON of every answer in the event loop: 20 ms for 1 MB, in which no other
    request is answered. Headers of such an endpoint need a Response as its result.

    A body that the route does not have is refused.
    """

    def get_route_handler(self) -> Handler:
        """Return FastAPI's handler, of an endpoint that returns a response."""
        call = self.dependant.call
        if call is not None and self.response_field:
            self.dependant.call = self._writing(call)
        handler = super().get_route_handler()
        return handler if takes_body(self) else _without_body(handler)

    def _writing(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if self.dependant.response_param_name is not None:
            msg = f"{self.path}: the headers of this answer need a Response as its result"
            raise TypeError(msg)

        @functools.wraps(endpoint)
        def write(**values: Any) -> Response:  # noqa: ANN401 - the endpoint's own
            found = endpoint(**values)
            return found if isinstance(found, Response) else self._write(found)

        @functools.wraps(endpoint)
        async def write_in_thread(**values: Any) -> Response:  # noqa: ANN401 - the endpoint's own
            found = await endpoint(**values)
            if isinstance(found, Response):
                return found
            return await run_in_threadpool(self._write, found)

        return write_in_thread if iscoroutinefunction(endpoint) else write

    def _write(self, found: object) -> Response:
        field = self.response_field
        assert field is not None  # noqa: S101 - the endpoint is wrapped for it
        value, errors = field.validate(found, {}, loc=("response",))
        if errors:
            raise ResponseValidationError(errors=errors, body=found)
        with _WRITING:
            content = field.serialize_json(value, exclude_none=self.response_model_exclude_none)
        return Response(content, self.status_code or 200, media_type=JSON)
