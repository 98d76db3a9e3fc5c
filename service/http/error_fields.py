"""The fields of the request that an exception is about."""

from collections.abc import Sequence
from typing import Literal

from fastapi import Request

from engine.errors import SpecError
from service.http.compute_errors import ServiceError
from service.http.media_types import FORM, plain_media_type
from service.schemas.common import FieldProblem
from store.errors import FileLocation, IntakeError, RowNotFoundError, StepNotFoundError

# The query parameter at fault, by intake error code.
PARAMETERS = {
    "unknown_encoding": "/encoding",
    "invalid_delimiter": "/delimiter",
    "unknown_column": "/kind",
}


def fields_of(request: Request, error: Exception) -> Sequence[FieldProblem]:
    """Return a problem per field that the exception names."""
    match error:
        case SpecError():
            return [
                FieldProblem(pointer=p.pointer, code=p.code, detail=p.detail)
                for p in error.problems
            ]
        case StepNotFoundError():
            return [FieldProblem(pointer="/step", code=error.code, detail=str(error))]
        case RowNotFoundError():
            return [FieldProblem(pointer="/rows", code=error.code, detail=str(error))]
        case IntakeError():
            return [_file_problem(request, error)]
        case ServiceError():
            return error.errors
        case _:
            return ()


def _file_problem(request: Request, error: IntakeError) -> FieldProblem:
    """Return the problem of an uploaded file, with a pointer to the file within the request."""
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
    is_form = plain_media_type(request.headers.get("content-type", "")) == FORM
    return "body", "/file" if is_form else ""
