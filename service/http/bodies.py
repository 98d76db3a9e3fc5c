"""Request bodies: size limits and strict JSON parsing."""

import json
from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.http.media_types import JSON, require_media_type

Model = TypeVar("Model", bound=BaseModel)
MULTIPART_OVERHEAD_BYTES = 65_536
RESUMABLE_PATH = "/v1/uploads"
UPLOAD_PATHS = {"/v1/datasets", "/v1/datasets/preview", "/v1/models", RESUMABLE_PATH}


class BodyLimit:
    """ASGI middleware: respond 413 as soon as a body is known to exceed its route's limit."""

    def __init__(self, app: ASGIApp, max_body_bytes: int, max_upload_bytes: int) -> None:
        self.app = app
        self.max_body_bytes = max_body_bytes
        self.max_upload_bytes = max_upload_bytes + MULTIPART_OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Count the body bytes that the application receives."""
        limit = self.max_upload_bytes if _is_upload(scope["path"]) else self.max_body_bytes
        announced = stated_length(scope)
        received = 0

        async def limited() -> Message:
            nonlocal received
            if announced > limit:
                raise BodyTooLargeError(limit)
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise BodyTooLargeError(limit)
            return message

        await self.app(scope, limited, send)


def _is_upload(path: str) -> bool:
    return path in UPLOAD_PATHS or path.startswith(f"{RESUMABLE_PATH}/")


def stated_length(scope: Scope) -> int:
    """Return the Content-Length of a request; 0 if it states none."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


class BodyTooLargeError(HTTPException):
    """A body over its route's limit. An HTTPException, which FastAPI passes on unchanged."""

    code = "body_too_large"

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"the body is larger than {limit} bytes")


class JsonRoute(APIRoute):
    """A route whose JSON body is parsed strictly."""

    def get_route_handler(self) -> Any:  # noqa: ANN401 - FastAPI's own signature
        """Return FastAPI's handler, on a request that parses JSON strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if self.body_field is not None:
                require_media_type(request, JSON)
            response: Response = await handler(_StrictRequest(request.scope, request.receive))
            return response

        return strict


class _StrictRequest(Request):
    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        """Return the body, parsed strictly."""
        return parse_json(await self.body())


def parse_json(text: bytes, *, allow_nan: bool = True) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON, rejecting repeated keys, excessive nesting and integers that are too long.

    Args:
        text: the JSON document.
        allow_nan: accept NaN, Infinity and -Infinity, which are not JSON.

    Raises:
        json.JSONDecodeError: the text is not such JSON.
    """
    decoder = _DECODER_OF_NAN if allow_nan else _DECODER
    try:
        return decoder.decode(text.decode(json.detect_encoding(text), "surrogatepass"))
    except json.JSONDecodeError:
        raise
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", "", 0) from error
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("not UTF-8", "", 0) from error
    except ValueError as error:
        # Python limits the digits of an integer, as parsing takes quadratic time.
        raise json.JSONDecodeError("a number has too many digits", "", 0) from error


def parse_body(model: type[Model], text: bytes) -> Model:
    """Validate one part of a form like a whole body. Raises RequestValidationError."""
    try:
        return model.model_validate(body := parse_json(text))
    except json.JSONDecodeError as error:
        problem = {"type": "json_invalid", "loc": ("body",), "ctx": {"error": error.msg}}
        raise RequestValidationError([problem]) from error
    except ValidationError as error:
        problems = [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        raise RequestValidationError(problems, body=body) from error


def _reject_constant(name: str) -> None:
    raise json.JSONDecodeError(f"{name} is not JSON", "", 0)


def _reject_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        repeated = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise json.JSONDecodeError(f"the key {repeated[:80]!r} is repeated", "", 0)
    return found


# As `json.loads`, which makes a decoder per call.
_DECODER_OF_NAN = json.JSONDecoder(object_pairs_hook=_reject_repeated_keys)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_reject_repeated_keys, parse_constant=_reject_constant
)
