"""JSON request bodies: content coding, number of values, strict parsing, validation."""

from typing import Any, TypeVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from service.http.content_codings import read_content
from service.http.media_types import JSON, require_media_type
from service.http.strict_json import InvalidJsonError, parse_json

Model = TypeVar("Model", bound=BaseModel)
# Validation takes several microseconds and kilobytes per value that is wrong: at most as many
# values of a body without rows, and as many fields of any body, are validated.
MAX_VALUES = 100_000
MAX_FIELDS = 1_000


class JsonRoute(APIRoute):
    """A route whose JSON body is parsed strictly, after its content coding is removed."""

    def get_route_handler(self) -> Any:  # noqa: ANN401 - FastAPI's own signature
        """Return FastAPI's handler, on a request that parses JSON strictly."""
        handler = super().get_route_handler()

        async def strict(request: Request) -> Response:
            strict_request = _StrictRequest(request.scope, request.receive)
            if self.body_field is not None:
                require_media_type(request, JSON)
                # Before FastAPI, which would turn most errors of reading into one of its own.
                await strict_request.read()
            response: Response = await handler(strict_request)
            return response

        return strict


class _StrictRequest(Request):
    """A request whose body is JSON; `body` is its text, `json` its value."""

    async def read(self) -> None:
        """Read the body.

        Raises RequestValidationError, UnsupportedCodingError, InvalidContentError, HTTPException.
        """
        self._body = await read_content(Request(self.scope, self.receive))
        _require_few_values(self._body)
        self._json = _parse(self._body)


def _require_few_values(text: bytes) -> None:
    """Check the number of values before anything is made of them. Raises RequestValidationError."""
    count = sum(map(text.count, (b",", b"[", b"{")))
    if count > MAX_VALUES:
        raise _too_long(f"{count} commas and brackets; a body has at most {MAX_VALUES} values")


def parse_body(model: type[Model], text: bytes) -> Model:
    """Validate a document of its own like the body of a route. Raises RequestValidationError."""
    body = _parse(text)
    if isinstance(body, dict) and len(body) > MAX_FIELDS:
        raise _too_long(f"{len(body)} fields; the known ones are {[*model.model_fields]}")
    try:
        return model.model_validate(body)
    except ValidationError as error:
        problems = [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        raise RequestValidationError(problems, body=body) from error


def _parse(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON strictly. Raises RequestValidationError."""
    try:
        return parse_json(text)
    except InvalidJsonError as error:
        message = f"the body is not valid JSON: {error.what}"
        problem = {"type": "json_invalid", "loc": ("body", *error.path), "msg": message}
        raise RequestValidationError([problem]) from error


def _too_long(message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "too_many_values", "loc": ("body",), "msg": message}])
