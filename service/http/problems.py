"""Exceptions to problem+json: a table of statuses, and a handler per kind of exception."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.errors import (
    DataError,
    DivergenceError,
    EngineError,
    LaterVersionError,
    SpecError,
)
from service.http.errors import (
    ChecksumMismatchError,
    DigestMismatchError,
    ForbiddenAddressError,
    InvalidDigestError,
    InvalidHeaderError,
    InvalidQueryError,
    InvalidRowsError,
    NotReadyError,
    NoWeightsError,
    ServiceError,
    UnsupportedMediaTypeError,
    UploadIncompleteError,
)
from service.http.json_pointers import field_problems
from service.schemas.common import FieldProblem, Problem
from store.errors import (
    DamagedArtifactError,
    DatasetInUseError,
    ExternalIdTakenError,
    FileLocation,
    IllegalTransitionError,
    IntakeError,
    KeyReusedError,
    KeyTakenError,
    LeaseLostError,
    LimitReachedError,
    NotFoundError,
    OffsetConflictError,
    SchemaError,
    StorageFullError,
    StoreError,
    StoreUnavailableError,
    UnstorableValueError,
    UploadExpiredError,
)

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# A subclass missing here gets the status of its nearest base; a test requires each to be listed.
STATUS: Mapping[type[Exception], int] = {
    EngineError: 500,
    SpecError: 422,
    DataError: 422,
    LaterVersionError: 409,
    DivergenceError: 500,
    StoreError: 500,
    NotFoundError: 404,
    IllegalTransitionError: 409,
    ExternalIdTakenError: 409,
    KeyReusedError: 422,
    KeyTakenError: 409,
    LimitReachedError: 429,
    DatasetInUseError: 409,
    UploadExpiredError: 410,
    OffsetConflictError: 409,
    LeaseLostError: 500,
    DamagedArtifactError: 500,
    UnstorableValueError: 500,
    IntakeError: 422,
    SchemaError: 503,
    StoreUnavailableError: 503,
    StorageFullError: 507,
    ServiceError: 400,
    UnsupportedMediaTypeError: 415,
    NoWeightsError: 409,
    InvalidRowsError: 422,
    InvalidQueryError: 422,
    ForbiddenAddressError: 422,
    InvalidDigestError: 422,
    DigestMismatchError: 422,
    InvalidHeaderError: 400,
    UploadIncompleteError: 409,
    # A status defined by the tus protocol.
    ChecksumMismatchError: 460,
    NotReadyError: 503,
}

# Seconds after which a retry may succeed.
RETRY_AFTER = {429: "10", 503: "5", 507: "60"}


def _phrase(status: int) -> str:
    return (
        "Checksum Mismatch"
        if status == STATUS[ChecksumMismatchError]
        else HTTPStatus(status).phrase
    )


# The query parameter at fault, by intake error code.
PARAMETERS = {
    "unknown_encoding": "/encoding",
    "invalid_delimiter": "/delimiter",
    "unknown_column": "/kind",
}


def problem_response(
    status: int,
    code: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
    **members: str,
) -> JSONResponse:
    """Return a problem+json response; `members` are extension members of the problem."""
    problem = Problem(
        type=f"urn:backpropd:problem:{code}",
        title=_phrase(status),
        status=status,
        detail=detail,
        code=code,
        errors=list(errors),
        **members,
    )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def _on_known_error(request: Request, error: Exception) -> JSONResponse:
    status = next(STATUS[base] for base in type(error).__mro__ if base in STATUS)
    errors = _field_problems(request, error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", type(error).__name__, error)
    # Messages of the database or driver may contain hosts and users: they are only logged.
    detail = str(error)
    if isinstance(error, StorageFullError):
        detail = "the storage of the service is full; try again later"
    elif isinstance(error, StoreUnavailableError):
        detail = "the service cannot reach its storage; try again later"
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else None
    code = getattr(error, "code", "error")
    return problem_response(status, code, detail, errors, headers, **_members(error))


def _members(error: Exception) -> dict[str, str]:
    """Extension members of the problem, for programs."""
    match error:
        case IllegalTransitionError():
            return {"job_status": error.status}
        case ExternalIdTakenError():
            return {"job_id": error.job_id}
        case _:
            return {}


def _field_problems(request: Request, error: Exception) -> Sequence[FieldProblem]:
    match error:
        case SpecError():
            return [
                FieldProblem(pointer=p.pointer, code=p.code, detail=p.detail)
                for p in error.problems
            ]
        case IntakeError():
            return [_file_problem(request, error)]
        case ServiceError():
            return error.errors
        case _:
            return ()


def _file_problem(request: Request, error: IntakeError) -> FieldProblem:
    """The problem of an uploaded file, with a pointer to the file within the request."""
    position = error.place or FileLocation()
    location, pointer = _locate(request, error.code)
    return FieldProblem(
        location=location,
        pointer=pointer,
        code=error.code,
        detail=str(error),
        line=position.line,
        column=position.column,
        text=position.text,
        expected=position.expected,
    )


def _locate(request: Request, code: str) -> tuple[Literal["query", "body"], str]:
    """Return location and pointer of the file, or of the parameter that does not match it."""
    if code in PARAMETERS:
        return "query", PARAMETERS[code]
    if "upload" in request.query_params:
        return "query", "/upload"
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/form-data")
    return "body", "/file" if is_form else ""


def _on_invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    errors = field_problems(error.errors(), error.body)
    detail = "; ".join(f"{e.pointer or e.location}: {e.detail}" for e in errors[:3])
    return problem_response(422, "invalid_request", detail, errors)


def _on_http_exception(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    code = getattr(error, "code", HTTPStatus(error.status_code).name.lower())
    return problem_response(error.status_code, code, str(error.detail), headers=error.headers)


def _on_disconnect(_request: Request, _error: Exception) -> JSONResponse:
    return problem_response(
        400, "client_disconnected", "the client disconnected before the body was complete"
    )


def _on_unexpected_error(_request: Request, _error: Exception) -> JSONResponse:
    return problem_response(500, "internal", "an unexpected error; see the log of the service")


def add_error_handlers(app: FastAPI) -> None:
    """Register handlers that turn every exception into problem+json."""
    for base in (EngineError, StoreError, ServiceError):
        app.add_exception_handler(base, _on_known_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected_error)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem responses of a route, for its `responses`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _phrase(status), "content": content} for status in statuses}
