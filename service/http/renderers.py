"""Renderers of errors: one shape of the body per URL prefix.

No other module builds the response of an error. Handlers and middlewares call `error_response` of
`service/http/prefixes.py`, which chooses the renderer by the request's path.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse, Response

from service.http.errors import MAX_PROBLEMS
from service.schemas.common import FieldProblem, Problem

PROBLEM_MEDIA_TYPE = "application/problem+json"
MAX_ANSWER_BYTES = 2**16 - 1
# Characters of texts, which may quote the request.
MAX_DETAIL = 4_000
MAX_FIELD_DETAIL = 1_000
# Statuses that the registry of HTTP statuses does not have.
PHRASES = {460: "Checksum Mismatch"}


@dataclass(frozen=True)
class ErrorDetails:
    """A failed request, independent of how its error is shown.

    Attributes:
        status: HTTP status.
        code: short, stable identifier of the error.
        detail: human-readable explanation.
        errors: the fields of the request that are at fault.
        headers: headers of the response.
        members: further values for programs, such as `job_status`.
    """

    status: int
    code: str
    detail: str
    errors: Sequence[FieldProblem] = ()
    headers: Mapping[str, str] | None = None
    members: Mapping[str, Any] = field(default_factory=dict)


ErrorRenderer = Callable[[ErrorDetails], Response]


def render_problem(error: ErrorDetails) -> Response:
    """Render an error as problem+json (RFC 9457), in at most MAX_ANSWER_BYTES."""
    errors = [_shorten(one) for one in error.errors[:MAX_PROBLEMS]]
    response = _render_problem(error, errors)
    while len(response.body) > MAX_ANSWER_BYTES and errors:
        # Control characters take six bytes each in JSON.
        errors = errors[: len(errors) // 2]
        response = _render_problem(error, errors)
    return response


def _render_problem(error: ErrorDetails, errors: list[FieldProblem]) -> Response:
    problem = Problem(
        type=f"urn:backpropd:problem:{error.code}",
        title=phrase_of(error.status),
        status=error.status,
        detail=_cut(error.detail, MAX_DETAIL),
        code=error.code,
        errors=errors,
        **error.members,
    )
    return JSONResponse(
        problem.model_dump(mode="json", exclude_none=True),
        error.status,
        headers=error.headers,
        media_type=PROBLEM_MEDIA_TYPE,
    )


def _shorten(problem: FieldProblem) -> FieldProblem:
    """Return the problem of a field with texts of bounded length."""
    if len(problem.detail) <= MAX_FIELD_DETAIL:
        return problem
    return problem.model_copy(update={"detail": _cut(problem.detail, MAX_FIELD_DETAIL)})


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"


def render_inference_error(error: ErrorDetails) -> Response:
    """Render an error as the Open Inference Protocol's object `{"error": "<text>"}`."""
    # Clients read the object only if the content type has no parameters.
    detail = _cut(error.detail, MAX_DETAIL)
    return JSONResponse({"error": detail}, error.status, headers=error.headers)


def phrase_of(status: int) -> str:
    """Return the reason phrase of a status."""
    return PHRASES.get(status) or HTTPStatus(status).phrase
