"""From exceptions to problem+json: one table, and a handler for each kind of exception."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.errors import DataError, DivergenceError, EngineError, SpecError
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

# A subclass that is missing here is answered like its nearest base; a test wants each named.
STATUS: Mapping[type[Exception], int] = {
    EngineError: 500,
    SpecError: 422,
    DataError: 422,
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
    # The status that the tus protocol has made up for it.
    ChecksumMismatchError: 460,
    NotReadyError: 503,
}

# Seconds after which it may be worth asking again.
RETRY_AFTER = {429: "10", 503: "5", 507: "60"}


def _phrase(status: int) -> str:
    return (
        "Checksum Mismatch"
        if status == STATUS[ChecksumMismatchError]
        else HTTPStatus(status).phrase
    )


# What intake refuses of what is stated, and the parameter that states it.
STATED_BY = {
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
    """A problem+json answer; members are further ones of the problem."""
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
    # What the database or the driver says may name hosts and users: it goes to the log only.
    detail = str(error)
    if isinstance(error, StorageFullError):
        detail = "the service has no room left to store this; try again later"
    elif isinstance(error, StoreUnavailableError):
        detail = "the service cannot reach its storage; try again later"
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else None
    code = getattr(error, "code", "error")
    return problem_response(status, code, detail, errors, headers, **_members(error))


def _members(error: Exception) -> dict[str, str]:
    """What a problem tells besides its fields, for programs."""
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
    """What is wrong with an uploaded file, with the place where the request names the file."""
    place = error.place or FileLocation()
    location, pointer = _place_in(request, error.code)
    return FieldProblem(
        location=location,
        pointer=pointer,
        code=error.code,
        detail=str(error),
        line=place.line,
        column=place.column,
        text=place.text,
        expected=place.expected,
    )


def _place_in(request: Request, code: str) -> tuple[Literal["query", "body"], str]:
    """Location and pointer of the file, or of the parameter that does not fit it."""
    if code in STATED_BY:
        return "query", STATED_BY[code]
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
    return problem_response(400, "client_disconnected", "the body ended before it was complete")


def _on_unforeseen(_request: Request, _error: Exception) -> JSONResponse:
    return problem_response(500, "internal", "an unexpected error; the service's log has it")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception as problem+json."""
    for base in (EngineError, StoreError, ServiceError):
        app.add_exception_handler(base, _on_known_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unforeseen)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: the problems it may answer."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _phrase(status), "content": content} for status in statuses}
