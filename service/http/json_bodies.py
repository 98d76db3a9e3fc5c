"""JSON request bodies: size, content coding, number of values, strict parsing, validation.

Large bodies are parsed and validated in a thread, once.
"""

from typing import Any, ClassVar, TypeVar, cast

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope

from service.http.api_route import ApiRoute
from service.http.bodies import limit_body
from service.http.content_codings import read_content
from service.http.errors import StoppedValidationError
from service.http.fail_fast import make_fail_fast_validator
from service.http.json_reader import NO_LIMITS, JsonLimits
from service.http.json_scan import count_values
from service.http.media_types import JSON, require_media_type
from service.http.strict_json import InvalidJsonError, parse_json
from store.settings import Settings

Model = TypeVar("Model", bound=BaseModel)
# Values of a body: validation takes up to a microsecond and 300 bytes for each.
MAX_VALUES = 100_000
# Fields of the object that a body is.
MAX_FIELDS = 1_000
# All errors of a body with at most as many values are described, each of which takes several
# microseconds and kilobytes. In others the first wrong item of a list or object is.
MAX_DESCRIBED_VALUES = 1_000
# Bodies of at most this size are parsed in the event loop.
BYTES_IN_PLACE = 2**16


class JsonRoute(ApiRoute):
    """A route whose JSON body is parsed strictly, after its content coding is removed.

    Attributes:
        limit: name of the setting that is the size limit of the body.
    """

    limit: ClassVar[str] = "max_json_bytes"

    def get_route_handler(self) -> Any:  # noqa: ANN401 - FastAPI's own signature
        """Return FastAPI's handler, on a request that parses JSON strictly."""
        handler = super().get_route_handler()
        model = None if self.body_field is None else self.body_field.field_info.annotation

        async def strict(request: Request) -> Response:
            if model is not None:
                require_media_type(request, JSON)
                # Before FastAPI, which would turn most errors of reading into one of its own.
                request = await self._read(request, cast("type[BaseModel]", model))
            response: Response = await handler(request)
            return response

        return strict

    async def _read(self, request: Request, model: type[BaseModel]) -> "DocumentRequest":
        content = await read_limited(request, self.limit)
        found = DocumentRequest(request.scope, request.receive)
        if _is_small(content):
            found.set_document(content, parse_document(content))
        else:
            await run_in_threadpool(found.read_large, content, model)
        return found


async def read_limited(request: Request, setting: str = JsonRoute.limit) -> bytes:
    """Return the body of a request without its content coding.

    Args:
        request: the request.
        setting: name of the setting that is the size limit, unless `max_body_bytes` is lower.

    Raises BodyTooLargeError, ClientDisconnect, UnsupportedCodingError, InvalidContentError.
    """
    settings = cast("Settings", request.app.state.context.settings)
    name = min(setting, "max_body_bytes", key=lambda name: getattr(settings, name))
    limit: int = getattr(settings, name)
    limited = limit_body(request.scope, request.receive, limit, name)
    return await read_content(Request(request.scope, limited), limit, name)


class RowsRoute(JsonRoute):
    """A route whose JSON body has rows or weights, and may be as large as rows to predict."""

    limit = "max_body_bytes"


class DocumentRequest(Request):
    """A request whose body is JSON; `json` returns its value, or the validated model.

    Attributes:
        content: the body as text.
        document: the JSON value of the body.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self.content = b""
        self.document: Any = None

    def set_document(self, content: bytes, document: object) -> None:
        """Take a parsed body, which FastAPI validates."""
        self._body = self.content = content
        self._json = self.document = document

    def read_large(self, content: bytes, model: type[BaseModel]) -> None:
        """Parse and validate a body; FastAPI takes the model as it is.

        Raises RequestValidationError.
        """
        self.set_document(content, parse_document(content))
        self._json = validate(model, content, self.document)

    @property
    def is_large(self) -> bool:
        """Whether the body takes long enough to be read in a thread."""
        return not _is_small(self.content)


def _is_small(content: bytes) -> bool:
    return len(content) <= BYTES_IN_PLACE and _has_few_values(content)


def _has_few_values(content: bytes) -> bool:
    return sum(map(content.count, (b",", b"[", b"{"))) <= MAX_DESCRIBED_VALUES


def parse_body(model: type[Model], content: bytes) -> Model:
    """Validate a document of its own like the body of a route. Raises RequestValidationError."""
    return validate(model, content, parse_document(content))


def parse_rows(model: type[Model], content: bytes, limits: JsonLimits = NO_LIMITS) -> Model:
    """Validate a document with any number of values.

    Raises RequestValidationError, TooManyChildrenError, and as `limits.check`.
    """
    return validate(model, content, _parse(content, limits))


def parse_document(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON of at most MAX_VALUES values strictly. Raises RequestValidationError."""
    if count_values(content, MAX_VALUES) > MAX_VALUES:
        raise _too_many(f"more than {MAX_VALUES} values: a body has at most {MAX_VALUES} values")
    return _parse(content)


def _parse(content: bytes, limits: JsonLimits = NO_LIMITS) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON strictly. Raises RequestValidationError, and as `parse_json` for the limits."""
    try:
        return parse_json(content, limits)
    except InvalidJsonError as error:
        path: list[str | int] = ["body", *error.path]
        message = f"the body is not valid JSON: {error.what}"
        problem = {"type": "json_invalid", "loc": path, "msg": message}
        raise RequestValidationError([problem]) from error


def _too_many(message: str) -> RequestValidationError:
    return RequestValidationError([{"type": "too_many_values", "loc": ("body",), "msg": message}])


def validate(model: type[Model], content: bytes, document: object) -> Model:
    """Return the model of a document. Raises RequestValidationError.

    Args:
        model: the model.
        content: the JSON text of the document, whose number of values bounds that of the errors.
        document: the document.
    """
    has_few = _has_few_values(content)
    if isinstance(document, dict) and len(document) > MAX_FIELDS:
        known = [*model.model_fields]
        raise _too_many(f"{len(document)} fields; the known ones are {known}")
    try:
        if has_few:
            return model.model_validate(document)
        return cast("Model", make_fail_fast_validator(model).validate_python(document))
    except ValidationError as error:
        problems = [{**found, "loc": ("body", *found["loc"])} for found in error.errors()]
        kind = RequestValidationError if has_few else StoppedValidationError
        raise kind(problems, body=document) from error
