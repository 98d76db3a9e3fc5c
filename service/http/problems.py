"""Exceptions to error responses: a table of statuses, and a handler per kind of exception."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from engine.errors import (
    DataError,
    DivergenceError,
    EngineError,
    LaterVersionError,
    SpecError,
)
from service.http.compute_errors import (
    ComputationFailedError,
    ComputeBusyError,
    ComputeError,
    ComputeMemoryError,
    ComputeStoppedError,
    ComputeTimeoutError,
    ServiceError,
)
from service.http.error_fields import fields_of
from service.http.errors import (
    ChecksumMismatchError,
    DigestMismatchError,
    ForbiddenAddressError,
    InvalidContentError,
    InvalidDigestError,
    InvalidHeaderError,
    InvalidInferenceError,
    InvalidQueryError,
    InvalidRowsError,
    NoAnswerError,
    NoEqualWorkerError,
    NotReadyError,
    NoWeightsError,
    PageChangedError,
    ReplayDivergedError,
    StoppedValidationError,
    UnsupportedCodingError,
    UnsupportedMediaTypeError,
    UploadIncompleteError,
    summarize,
)
from service.http.json_pointers import field_problems
from service.http.methods import find_methods
from service.http.prefixes import error_response
from service.http.renderers import PROBLEM_MEDIA_TYPE, ErrorDetails, phrase_of
from store.errors import (
    ConfigurationError,
    DamagedArtifactError,
    DamagedDatabaseError,
    DatasetGoneError,
    DatasetInUseError,
    ExternalIdTakenError,
    IllegalTransitionError,
    IntakeError,
    IntakeLimitError,
    KeyReusedError,
    KeyTakenError,
    LeaseLostError,
    LimitReachedError,
    NotFoundError,
    NotReplayableError,
    OffsetConflictError,
    ReadingStoppedError,
    ReadingTimeError,
    ReplayTooLongError,
    RowNotFoundError,
    SchemaError,
    StepNotFoundError,
    StorageFullError,
    StoreError,
    StoreUnavailableError,
    UnstorableValueError,
    UploadExpiredError,
)

logger = logging.getLogger(__name__)

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
    StepNotFoundError: 404,
    RowNotFoundError: 422,
    ReplayTooLongError: 409,
    DatasetGoneError: 409,
    NotReplayableError: 409,
    LeaseLostError: 500,
    DamagedArtifactError: 500,
    UnstorableValueError: 500,
    IntakeError: 422,
    IntakeLimitError: 413,
    ReadingTimeError: 413,
    ReadingStoppedError: 503,
    ConfigurationError: 503,
    SchemaError: 503,
    DamagedDatabaseError: 503,
    StoreUnavailableError: 503,
    StorageFullError: 507,
    ServiceError: 400,
    PageChangedError: 404,
    UnsupportedMediaTypeError: 415,
    UnsupportedCodingError: 415,
    InvalidContentError: 400,
    InvalidInferenceError: 400,
    NoAnswerError: 409,
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
    NoEqualWorkerError: 409,
    NotReadyError: 503,
    ReplayDivergedError: 409,
    ComputeError: 503,
    ComputeBusyError: 503,
    ComputeStoppedError: 503,
    # The request asks for too much: another attempt would take as long.
    ComputeTimeoutError: 422,
    ComputeMemoryError: 422,
    ComputationFailedError: 503,
}

# Describing an error takes ten microseconds; several may be of one field.
MAX_DESCRIBED = 1_000
# Seconds after which a retry may succeed.
RETRY_AFTER = {429: "10", 503: "5", 507: "60"}


def _on_known_error(request: Request, error: Exception) -> Response:
    status = next(STATUS[base] for base in type(error).__mro__ if base in STATUS)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logger.error("%s: %s", type(error).__name__, error)
    # Messages of the database or driver may contain hosts and users: they are only logged.
    detail, errors = str(error), fields_of(request, error)
    if isinstance(error, SpecError):
        detail = summarize(errors, is_complete=error.is_complete)
    elif isinstance(error, StorageFullError):
        detail = "the storage of the service is full; try again later"
    elif isinstance(error, StoreUnavailableError):
        detail = "the service cannot reach its storage; try again later"
    headers = {**getattr(error, "headers", {})}
    if status in RETRY_AFTER:
        headers["Retry-After"] = RETRY_AFTER[status]
    code = getattr(error, "code", "error")
    return error_response(
        request.scope, ErrorDetails(status, code, detail, errors, headers, _members(error))
    )


def _members(error: Exception) -> dict[str, Any]:
    """Return further values for programs."""
    match error:
        case IllegalTransitionError():
            return {"job_status": error.status}
        case ExternalIdTakenError():
            return {"job_id": error.job_id}
        case StepNotFoundError():
            return {"last_step": error.last}
        case IntakeLimitError() | LimitReachedError():
            names = ("reached", "used", "limit", "unit", "setting")
            return {name: getattr(error, name) for name in names if hasattr(error, name)}
        case DatasetGoneError():
            return {"kept_steps": [*error.steps.values()]}
        case _:
            return {}


def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    found = error.errors()
    errors = field_problems(found[:MAX_DESCRIBED], error.body)
    detail = summarize(errors, len(errors) + len(found[MAX_DESCRIBED:]))
    if isinstance(error, StoppedValidationError):
        detail = f"{detail}; validation stopped there, so that there may be more errors"
    return error_response(request.scope, ErrorDetails(422, "invalid_request", detail, errors))


def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    status = error.status_code
    code = getattr(error, "code", HTTPStatus(status).name.lower())
    headers = dict(error.headers or {})
    is_other_method = status == HTTPStatus.METHOD_NOT_ALLOWED
    methods = find_methods(request.app, request.scope["path"]) if is_other_method else ()
    if methods:
        headers["Allow"] = ", ".join(methods)
    return error_response(
        request.scope, ErrorDetails(status, code, str(error.detail), headers=headers)
    )


def _on_disconnect(request: Request, _error: Exception) -> Response:
    detail = "the client disconnected before the body was complete"
    return error_response(request.scope, ErrorDetails(400, "client_disconnected", detail))


def _on_unexpected_error(request: Request, _error: Exception) -> Response:
    detail = "an unexpected error; see the log of the service"
    return error_response(request.scope, ErrorDetails(500, "internal", detail))


def add_error_handlers(app: FastAPI) -> None:
    """Register handlers that turn every exception into the error response of its prefix."""
    for base in (EngineError, StoreError, ServiceError):
        app.add_exception_handler(base, _on_known_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected_error)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the problem responses of a route, for its `responses`."""
    content = {PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": phrase_of(status), "content": content} for status in statuses}
